// Everything that a visit of the doctor has seen, as one document for whoever helps from elsewhere: the diagnosis, what was examined, and the effective
// configuration of each daemon that answers. No keys, no values, and what its name calls a secret is masked.

import { toRaftctlError, type RaftctlError } from "../../base/errors.ts";
import { Client } from "../../client/client.ts";
import { isSecretName, mask } from "../../config/secrets.ts";
import { visible } from "../terminal.ts";
import { bundleFormat, type Bundle, type Configuration } from "./bundle-document.ts";
import { writeBundle } from "./bundle-file.ts";
import { addressOf, type Round } from "./collection.ts";
import type { Visit } from "./consultation.ts";
import { redacted } from "./redaction.ts";

export interface BundleRequest {
  readonly version: string;
  readonly redact: boolean;
}

export interface KeptBundle {
  /** undefined: none was wanted, or it could not be written. */
  readonly path: string | undefined;
  readonly text: string | undefined;
  readonly error: RaftctlError | undefined;
}

/** Beside the diagnosis, which is worth telling even when this fails. */
export async function keepBundle(path: string | undefined, visit: Visit, round: Round, request: BundleRequest): Promise<KeptBundle> {
  if (path === undefined) return { path, text: undefined, error: undefined };
  try {
    await writeBundle(path, await makeBundle(visit, round, request));
    return { path, text: `\nwritten to ${visible(path)}`, error: undefined };
  } catch (thrown) {
    return { path: undefined, text: undefined, error: toRaftctlError(thrown) };
  }
}

export async function makeBundle(visit: Visit, round: Round, { version, redact }: BundleRequest): Promise<Bundle> {
  const content = { ...visit, configurations: await configurationsOf(visit, round) };
  return {
    format: bundleFormat, madeAt: new Date().toISOString(), madeBy: { version, node: process.version, platform: `${process.platform} ${process.arch}` },
    redacted: redact, content: redact ? redacted(content) : content,
  };
}

/** Of every daemon that has answered, all at once, each within the same time limit; one that is gone by now says so. */
function configurationsOf({ examined }: Visit, round: Round): Promise<Configuration[]> {
  const answering = examined.filter(({ facts, forming }) => facts?.source === "live" || forming?.progress !== undefined);
  return Promise.all(answering.map(({ place }) => configurationOf(place, round)));
}

async function configurationOf(place: string, round: Round): Promise<Configuration> {
  const client = new Client({ ...addressOf(round, place), timeoutMs: round.timeoutMs, origin: place });
  try {
    const { config, origin, configHash } = await client.admin.call("effectiveConfig", {});
    return { place, config: withoutSecrets(config), origin: withoutSecrets(origin), configHash, error: null };
  } catch (thrown) {
    return { place, config: null, origin: null, configHash: null, error: described(toRaftctlError(thrown)) };
  } finally {
    client.close();
  }
}

function described({ code, message }: RaftctlError): NonNullable<Configuration["error"]> {
  return { code, message };
}

/** The daemon masks them itself; one of another version may know fewer names. */
function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== "object" || value === null) return value ?? null;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, isSecretName(key) ? mask : withoutSecrets(part)]));
}

// `snapshot restore`: from flags to what is asked of the directory, and from what was made of it to what is said.

import { RaftctlError } from "../../base/errors.ts";
import { configWarnings } from "../../config/checks.ts";
import type { IdentitySettings } from "../../config/identity-settings.ts";
import { loadConfig, type LoadedConfig } from "../../config/load.ts";
import type { Config } from "../../config/schema.ts";
import type { Warning } from "../envelope.ts";
import { rememberDirectory } from "../fresh-directory.ts";
import { confirm } from "../confirmation.ts";
import { formationRequest } from "../formation-request.ts";
import { identitySettings, loadRequest, type NodeFlags } from "../node-flags.ts";
import { visible } from "../terminal.ts";
import type { RestoredDocument } from "./documents.ts";

export interface RestoreFlags extends NodeFlags {
  readonly name: string;
  readonly members?: string | undefined;
  readonly token?: string | undefined;
  readonly "new-cluster-id": boolean;
  readonly "bump-index"?: number | undefined;
}

export interface RestoreRequest {
  readonly name: string;
  readonly members: readonly { readonly name: string; readonly peerAddress: string }[];
  readonly token: string | undefined;
  readonly keepClusterId: boolean;
  readonly bumpIndex: number;
  readonly settings: IdentitySettings;
}

/** What daemon/backup/restore.ts says, which this floor may not know. */
export interface RestoreReport {
  readonly directory: string;
  readonly running: readonly string[];
  readonly source: { readonly clusterId: string; readonly index: number; readonly term: number; readonly region: { readonly name: string } };
  readonly stateDigest: string;
  readonly plan: {
    readonly identity: { readonly clusterId: string; readonly clusterIncarnation: number; readonly nodeId: string; readonly name: string };
    readonly position: { readonly index: number; readonly term: number };
    readonly membership: { readonly members: readonly { readonly id: string; readonly name: string; readonly peerAddress: string }[] };
  };
}

export interface PreparedRestore {
  readonly dataDir: string;
  readonly request: RestoreRequest;
  readonly warnings: readonly Warning[];
}

/** Reads and checks everything that was said, and makes nothing. @throws USAGE, CONFIG_INVALID */
export async function prepareRestore(flags: RestoreFlags): Promise<PreparedRestore> {
  const named = formationRequest({ members: flags.members, expect: undefined, discovery: undefined })?.members ?? new Map<string, string>();
  const config = named.size === 0 ? (await load(flags)).config : await memberConfig(flags, named);
  const members = [...named].map(([name, peerAddress]) => ({ name, peerAddress }));
  const request = { name: flags.name, members, token: flags.token, keepClusterId: !flags["new-cluster-id"], bumpIndex: flags["bump-index"] ?? 0, settings: identitySettings(config) };
  return { dataDir: config.dataDir, request, warnings: configWarnings(config) };
}

/** Whoever says nothing else listens where the others will dial it. */
async function memberConfig(flags: RestoreFlags, members: ReadonlyMap<string, string>): Promise<Config> {
  const own = members.get(flags.name);
  if (own === undefined) throw new RaftctlError("USAGE", `--members does not name this node: ${flags.name} is not among ${[...members.keys()].join(", ")}`, { hint: "--name" });
  const said = await load(flags);
  const { config } = said.origin["listen.peer"] === "default" && said.config.advertise.peer === undefined ? await load({ ...flags, "listen-peer": own }) : said;
  const dialled = (config.advertise.peer ?? config.listen.peer).toLowerCase();
  if (dialled === own) return config;
  throw new RaftctlError("USAGE", `--members says that ${flags.name} is at ${own}, and this node tells others to dial ${dialled}`, { hint: `--listen-peer ${own}, or --advertise-peer ${own}` });
}

function load(flags: NodeFlags): Promise<LoadedConfig> {
  return loadConfig(loadRequest(flags, process.env, process.cwd()));
}

/** What a failed attempt has made is removed again; what was there before is not touched. */
export async function restoreCleanly<T>(dataDir: string, restore: () => Promise<T>): Promise<T> {
  const directory = await rememberDirectory(dataDir);
  try {
    return await restore();
  } catch (error) {
    if (!isTaken(error)) await directory.undo();
    throw error;
  }
}

/** Somebody else's node may be what stands in the way. */
function isTaken(error: unknown): boolean {
  return error instanceof RaftctlError && (error.code === "LOCKED" || error.code === "ALREADY_INITIALIZED");
}

export function restoredDocument({ directory, source, plan, stateDigest, running }: RestoreReport, applied: boolean): RestoredDocument {
  const { identity, position, membership } = plan;
  return {
    applied, dataDir: directory, clusterId: identity.clusterId, clusterIncarnation: String(identity.clusterIncarnation), nodeId: identity.nodeId, name: identity.name,
    region: source.region.name, lastIndex: String(position.index), lastTerm: String(position.term),
    members: membership.members.map(({ id, name, peerAddress }) => ({ id, name, peerAddress })), running: [...running], stateDigest,
    from: { clusterId: source.clusterId, lastIndex: String(source.index), lastTerm: String(source.term) },
  };
}

export function restoredText(document: RestoredDocument): string {
  const { applied, dataDir, clusterId, name, lastIndex, members } = document;
  const what = `${visible(name)} in ${visible(dataDir)}, cluster ${clusterId}, at index ${lastIndex}`;
  if (!applied) return `would make ${what}`;
  const others = members.filter((member) => member.name !== name).map((member) => visible(member.name));
  const lines = [`made ${what}`];
  if (others.length > 0) lines.push(`restore the same file with the same --members on ${others.join(", ")}: each must say cluster ${clusterId}`);
  return [...lines, `start it: raftctl daemon start --data-dir ${visible(dataDir)}`].join("\n");
}

/** Asks an operator what cannot be seen from here. @returns what rejects with UNSAFE when it shall not go on */
export function approval({ keepClusterId }: RestoreRequest, yes: boolean): (report: RestoreReport) => Promise<void> {
  return async (report) => {
    const question = restoreQuestion(report, keepClusterId);
    if (question !== undefined) await confirm(question, yes);
  };
}

function restoreQuestion({ running, plan }: RestoreReport, keepsClusterId: boolean): string | undefined {
  const { name, clusterId } = plan.identity;
  if (running.length > 0) {
    return `${running.join(", ")} of cluster ${clusterId} run already: if ${name} was a member before, it must be replaced (raftctl member replace) and not restored again, or it forgets its votes and acknowledged writes may be lost`;
  }
  return keepsClusterId ? keepQuestion : undefined;
}

const keepQuestion = "the cluster id is kept: whatever is left of the old cluster must be stopped for good, or there will be two";

// One visit of the doctor: which places to look at, the round, the diagnosis, and a second look when an election is just under way, because that is over
// a moment later and no fault.

import { setTimeout as delay } from "node:timers/promises";
import { RaftctlError } from "../../base/errors.ts";
import { nearestName } from "../../config/suggestion.ts";
import type { GlobalFlags } from "../flags.ts";
import { causeIds, isCauseId, type CauseId } from "./cause.ts";
import { collect, type Round } from "./collection.ts";
import { diagnose, type Diagnosis } from "./diagnosis.ts";
import type { Examined } from "./examined.ts";

export interface Visit {
  readonly diagnosis: Diagnosis;
  /** What the nodes warn of, and addresses that the caller named and that are nobody's; each once. */
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  /** What the diagnosis was made of. */
  readonly examined: readonly Examined[];
}

export async function consult(round: Round, only: CauseId | undefined): Promise<Visit> {
  let examined = await collect(round);
  let diagnosis = diagnose(examined, only);
  for (let look = 0; look < furtherLooksMax && isPassing(diagnosis); look += 1) {
    await delay(electionMs(examined));
    examined = await collect(round);
    diagnosis = diagnose(examined, only);
  }
  return { diagnosis, warnings: warningsOf(examined), examined };
}

/** Directories alone mean that no daemon is involved; a daemon that is named as well is asked as well. */
export async function whomToAsk(flags: Pick<GlobalFlags, "socket" | "endpoint" | "context">, dataDirs: readonly string[], env: NodeJS.ProcessEnv): Promise<Pick<Round, "target" | "home">> {
  const isNamed = flags.socket !== undefined || flags.endpoint !== undefined || flags.context !== undefined;
  if (dataDirs.length > 0 && !isNamed) return { target: undefined, home: undefined };
  const { resolveTarget } = await import("../target.ts");
  const target = await resolveTarget(flags, env);
  return { target, home: target.socket === undefined || isNamed ? undefined : await configuredHome(target.socket, env) };
}

/** A socket may lie elsewhere, where the path in the directory would be too long. */
async function configuredHome(socket: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const { loadConfig } = await import("../../config/load.ts");
  const { config } = await loadConfig({ flags: {}, env, cwd: process.cwd() });
  return config.adminSocket === socket ? config.dataDir : undefined;
}

/** A node knocks at every member before it answers, twice where nobody opens: whoever waits for less would call it silent. */
export function questionMs(wanted: number | undefined): number {
  return Math.max(questionMsMin, wanted ?? questionMsDefault);
}

export function causeFlag(text: string): CauseId {
  if (isCauseId(text)) return text;
  const nearest = nearestName(text, [...causeIds]);
  throw new RaftctlError("USAGE", `no cause ${JSON.stringify(text)}`, { hint: nearest === undefined ? `one of ${causeIds.join(", ")}` : `did you mean ${nearest}?` });
}

/** undefined: healthy. */
export function finding({ verdict, cause, summary, actions }: Diagnosis): RaftctlError | undefined {
  if (verdict === "healthy") return undefined;
  const command = actions.find((action) => action.command !== null)?.command;
  return new RaftctlError(verdict === "damaged" ? "CORRUPT" : "UNHEALTHY", `${cause}: ${summary}`, command === undefined || command === null ? {} : { hint: command });
}

const questionMsMin = 4_000;
const questionMsDefault = 5_000;
const furtherLooksMax = 2;
/** However long the election timeout is that a node claims to have. */
const waitMsMax = 10_000;

function isPassing({ cause }: Diagnosis): boolean {
  return cause === "election-under-way";
}

/** Until an election that is under way is over. */
export function electionMs(examined: readonly Examined[]): number {
  return Math.min(waitMsMax, 1.5 * Math.max(0, ...examined.map(({ facts }) => facts?.electionTimeoutMs ?? 0)));
}

function warningsOf(examined: readonly Examined[]): Visit["warnings"] {
  const all = examined.flatMap(({ facts }) => (facts?.warnings ?? []).map(({ code, message }) => ({ code, message: `${facts!.name}: ${message}` })));
  const deaf = examined.flatMap(({ place, expected, facts, silence }) => (facts === undefined && expected === undefined && silence !== undefined ? [{ code: silence.code, message: `${place}: ${silence.message}` }] : []));
  return [...new Map([...all, ...deaf].map((warning) => [`${warning.code} ${warning.message}`, warning])).values()];
}

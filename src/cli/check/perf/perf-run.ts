// A load against running daemons: connections that are open and keys that are there before the clock starts, the load itself, and keys that are gone
// afterwards, also after a signal or a failure. What it returns is what was counted; whether that is good enough is judged elsewhere.

import { randomBytes } from "node:crypto";
import { Prng } from "../../../base/prng.ts";
import { RaftctlError, toRaftctlError } from "../../../base/errors.ts";
import { Client, type ClientOptions } from "../../../client/client.ts";
import { membersBehind, type Reach } from "../addresses.ts";
import { removeRemains } from "../check-keys.ts";
import { cleanUp, cleanUpMs } from "../clean-up.ts";
import { loadClock } from "./load-clock.ts";
import { runLoad } from "./load-run.ts";
import { ClosedPace, OpenPace, type Pace } from "./pace.ts";
import type { PerfPlan } from "./perf-flags.ts";
import { type OperationKind, Tally } from "./tally.ts";

export interface PerfRequest extends PerfPlan, Reach {
  /** Nothing lies below it, and everything that does afterwards is removed. */
  readonly prefix: string;
  /** Ends the load early; the keys are removed all the same. */
  readonly signal: AbortSignal;
  readonly onProgress: (stage: "preparing" | "measuring" | "removing the keys", tally: Tally | undefined, elapsedMs: number) => void;
}

export interface PerfRecord {
  readonly tally: Tally;
  readonly notSent: number;
  /** How long operations were sent. */
  readonly durationMs: number;
  readonly isCleaned: boolean;
}

const progressMs = 250;
const preparingLanes = 64;

/** @param client asks who is there. @throws UNREACHABLE; CONFLICT when the prefix is not empty; what kept it from preparing */
export async function runPerf(client: Client, request: PerfRequest): Promise<PerfRecord> {
  const { prefix } = request;
  const addresses = await membersBehind(client, request);
  await removeRemains(client, Date.now()).catch(() => 0);
  await refuseForeignKeys(client, prefix);
  const clients = Array.from({ length: request.connections }, (_, number) => new Client(addresses[number % addresses.length]!));
  const tally = new Tally(Number.POSITIVE_INFINITY);
  const attempt = await prepareAndMeasure(clients, request, tally).catch((thrown: unknown) => toRaftctlError(thrown));
  for (const each of clients) each.close();
  request.onProgress("removing the keys", tally, 0);
  const isCleaned = await removeKeys(prefix, tally, addresses);
  if (attempt instanceof RaftctlError) throw isCleaned ? attempt : keysLeft(attempt, prefix);
  return { tally, ...attempt, isCleaned };
}

/** The prefix is this run's own: what lies below it is removed at the end. */
async function refuseForeignKeys(client: Client, prefix: string): Promise<void> {
  const { count } = await client.kv.prefix(prefix, { countOnly: true });
  if (count === 0) return;
  throw new RaftctlError("CONFLICT", `there are keys below ${JSON.stringify(prefix)} that are not this check's; nothing was written`, { hint: `look at them: raftctl get --prefix ${prefix} --keys-only` });
}

async function prepareAndMeasure(clients: readonly Client[], request: PerfRequest, tally: Tally): Promise<Pick<PerfRecord, "notSent" | "durationMs">> {
  request.onProgress("preparing", undefined, 0);
  const keys = Array.from({ length: request.keys }, (_, number) => `${request.prefix}${String(number).padStart(6, "0")}`);
  const work = { keys, value: new Uint8Array(randomBytes(request.valueBytes)), tally };
  await Promise.all(clients.map((client) => client.kv.get(keys[0]!, { consistency: "stale" })));
  if (request.readRatio > 0) await putAll(clients, work, request.signal);
  return measure(clients, request, work);
}

/** What is read is there. Every put has ended when it rejects: none may come behind the removal of the keys. */
async function putAll(clients: readonly Client[], { keys, value, tally }: Work, signal: AbortSignal): Promise<void> {
  const left = keys.values();
  const failures: RaftctlError[] = [];
  const lane = async (number: number): Promise<void> => {
    for (const key of left) {
      if (failures.length > 0 || signal.aborted) return;
      await clients[number % clients.length]!.kv.put(key, value).catch((thrown: unknown) => failures.push(toRaftctlError(thrown)));
    }
  };
  await Promise.all(Array.from({ length: preparingLanes }, (_, number) => lane(number)));
  for (const failure of failures) tally.keepDoubt(failure);
  if (failures.length > 0) throw failures[0]!;
}

interface Work {
  readonly keys: readonly string[];
  readonly value: Uint8Array;
  readonly tally: Tally;
}

async function measure(clients: readonly Client[], request: PerfRequest, { keys, value, tally }: Work): Promise<Pick<PerfRecord, "notSent" | "durationMs">> {
  const { readRatio, consistency, signal } = request;
  const prng = new Prng(randomBytes(4).readUInt32LE());
  const startMs = loadClock.now();
  tally.endsAt(startMs + request.durationMs);
  const pace = paceOf(request, startMs);
  const stop = (): void => {
    tally.endsAt(loadClock.now());
    pace.stop();
  };
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const progress = setInterval(() => request.onProgress("measuring", tally, loadClock.now() - startMs), progressMs);
  try {
    await runLoad({
      lanes: request.clients * request.inFlight, clock: loadClock, pace, tally,
      choose: () => (prng.chance(readRatio) ? "read" : "write"),
      operate: (lane: number, kind: OperationKind) => {
        const { kv } = clients[lane % clients.length]!;
        const key = keys[prng.integer(0, keys.length - 1)]!;
        return kind === "write" ? kv.put(key, value) : kv.get(key, { consistency });
      },
    });
    return { notSent: pace.notSent, durationMs: tally.endMs - startMs };
  } finally {
    clearInterval(progress);
    signal.removeEventListener("abort", stop);
  }
}

function paceOf({ ratePerSecond, durationMs, timeoutMs }: PerfRequest, startMs: number): Pace {
  if (ratePerSecond === undefined) return new ClosedPace(loadClock, startMs + durationMs);
  return new OpenPace(loadClock, { startMs, durationMs, ratePerSecond, graceMs: timeoutMs });
}

function removeKeys(prefix: string, { doubts }: Tally, addresses: readonly ClientOptions[]): Promise<boolean> {
  return cleanUp({ prefix, doubts, addresses, timeoutMs: cleanUpMs });
}

function keysLeft(error: RaftctlError, prefix: string): RaftctlError {
  return new RaftctlError(error.code, error.message, { cause: error, ...(error.details && { details: error.details }), hint: `keys may be left; when the cluster answers again: raftctl del ${prefix} --prefix` });
}

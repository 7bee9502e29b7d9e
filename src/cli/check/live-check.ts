// A check against running daemons: so many clients at work until the time is over or the command beside them has ended, then the keys are removed, also
// after a signal or a failure. What it returns is what was recorded; whether that is linearizable is judged elsewhere.

import { randomBytes } from "node:crypto";
import { Prng } from "../../base/prng.ts";
import { RaftctlError, toRaftctlError } from "../../base/errors.ts";
import type { Client } from "../../client/client.ts";
import type { Target } from "../endpoint.ts";
import { membersBehind, rotated } from "./addresses.ts";
import { CheckClient } from "./check-client.ts";
import { makeRunId, removeRemains, runMsMax, runPrefix } from "./check-keys.ts";
import { cleanUp, cleanUpMs } from "./clean-up.ts";
import { History } from "./history.ts";
import type { Completed, Outcome } from "./history.ts";
import { operationsMax, Workload } from "./workload.ts";

export interface LivePlan {
  readonly clients: number;
  /** undefined: only as long as the command takes. */
  readonly durationMs: number | undefined;
  readonly keys: number;
  readonly reads: number;
  readonly pairs: number;
  readonly leased: number;
  readonly target: Target;
  readonly timeoutMs: number;
  readonly region: string | undefined;
  /** Runs beside the clients; its exit code. */
  readonly during: (() => Promise<number>) | undefined;
  /** Ends the run early; the keys are removed all the same. */
  readonly signal: AbortSignal;
  readonly onProgress: (counts: Readonly<Record<Outcome, number>>, elapsedMs: number) => void;
}

export interface LiveRecord {
  readonly operations: readonly Completed[];
  readonly prefix: string;
  readonly durationMs: number;
  readonly isCleaned: boolean;
  /** Writes in doubt of which the cluster has said what became of them. */
  readonly resolved: number;
  /** Of the command. */
  readonly exit: number | undefined;
}

const progressMs = 250;

/** @param client asks who is there; nothing is written when nobody answers. Throws UNREACHABLE then, and what kept the command from running. */
export async function recordLive(client: Client, plan: LivePlan): Promise<LiveRecord> {
  const addresses = await membersBehind(client, plan);
  await removeRemains(client, Date.now()).catch(() => 0);
  const prefix = runPrefix(makeRunId(Date.now()));
  const startMs = performance.now();
  const history = new History(() => Math.round((performance.now() - startMs) * 1000) / 1000);
  const workload = new Workload({ ...plan, prefix }, new Prng(randomBytes(4).readUInt32LE()));
  const clients = Array.from({ length: plan.clients }, (_, number) =>
    new CheckClient({ name: `c${number}`, addresses: rotated(addresses, number), history, workload }));
  const progress = setInterval(() => plan.onProgress(history.counts(), performance.now() - startMs), progressMs);
  const attempt = await workUntilTheEnd(clients, workload, plan).catch((thrown: unknown) => toRaftctlError(thrown));
  clearInterval(progress);
  const durationMs = Math.round(performance.now() - startMs);
  const operations = history.operations();
  for (const each of clients) each.close();
  const mayHaveWritten = operations.some(({ outcome, operation }) => operation.kind !== "get" && outcome !== "failed");
  const doubts = clients.flatMap((each) => each.doubts).map(({ stamp }) => stamp);
  const isCleaned = !mayHaveWritten || await cleanUp({ prefix, doubts, addresses, timeoutMs: cleanUpMs });
  if (attempt instanceof RaftctlError) throw attempt;
  const resolved = clients.reduce((total, each) => total + each.resolutions, 0);
  return { operations, prefix, durationMs, isCleaned, resolved, exit: attempt };
}

/** Resolves with the exit code of the command, if there is one, once every client has ended its last operation. */
async function workUntilTheEnd(clients: readonly CheckClient[], workload: Workload, plan: LivePlan): Promise<number | undefined> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  const limits = [AbortSignal.timeout(runMsMax), plan.signal];
  for (const limit of limits) limit.addEventListener("abort", end, { once: true });
  if (plan.signal.aborted) end();
  const pauseMs = (): number => {
    if (workload.taken >= operationsMax - clients.length) end();
    return pauseMsAfter(workload.taken) * clients.length / 4;
  };
  const working = Promise.all(clients.map((client) => client.run(ending.signal, pauseMs)));
  try {
    const [exit] = await Promise.all([plan.during?.(), elapsed(plan.durationMs ?? 0, ending.signal)]);
    return exit;
  } finally {
    end();
    for (const limit of limits) limit.removeEventListener("abort", end);
    await working;
  }
}

/** Full speed at first, then slower: a command that takes an hour is watched to its end with a bounded history. */
function pauseMsAfter(operations: number): number {
  if (operations < operationsMax / 5) return 0;
  return operations < operationsMax / 2 ? 10 : 100;
}

function elapsed(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}

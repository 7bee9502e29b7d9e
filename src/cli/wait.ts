// Waits until all conditions hold at the same time. A daemon that cannot be reached yet is one more thing to wait for: `wait` is what a script calls
// right after it started one.

import { setTimeout as sleep } from "node:timers/promises";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import type { Client } from "../client/client.ts";
import type { Condition, Observation } from "./wait-condition.ts";

export interface WaitDocument {
  met: string[];
  unmet: { condition: string; found: string }[];
  elapsedMs: number;
}

export interface WaitPlan {
  readonly conditions: readonly Condition[];
  readonly region: string;
  readonly timeoutMs: number;
  /** Called when what is missing changes. */
  readonly onProgress: (unmet: WaitDocument["unmet"]) => void;
}

const pauseMs = 100;

/** Resolves with `unmet` empty, or with what was still missing when the time was over. Rejects with UNREACHABLE when no daemon ever answered. */
export async function waitFor(client: Client, plan: WaitPlan): Promise<WaitDocument> {
  const start = performance.now();
  const elapsedMs = (): number => Math.round(performance.now() - start);
  let reported = "";
  for (;;) {
    const outcome = await look(client, plan, Math.max(1, plan.timeoutMs - elapsedMs()));
    const over = elapsedMs() + pauseMs >= plan.timeoutMs;
    if (outcome instanceof RaftctlError && over && client.server === undefined) throw outcome;
    const unmet = outcome instanceof RaftctlError ? all(plan, outcome.message) : outcome;
    if (unmet.length === 0 || over) return { met: metOf(plan, unmet), unmet, elapsedMs: elapsedMs() };
    const picture = JSON.stringify(unmet);
    if (picture !== reported) plan.onProgress(unmet);
    reported = picture;
    await sleep(pauseMs);
  }
}

async function look(client: Client, plan: WaitPlan, timeoutMs: number): Promise<WaitDocument["unmet"] | RaftctlError> {
  try {
    const [status, health] = await Promise.all([client.admin.call("status", {}, { timeoutMs }), client.admin.call("health", {}, { timeoutMs })]);
    return judge(plan, { status, health, region: plan.region });
  } catch (thrown) {
    const error = toRaftctlError(thrown);
    if (error.retryable) return error;
    throw error;
  }
}

function judge(plan: WaitPlan, observation: Observation): WaitDocument["unmet"] {
  return plan.conditions.flatMap((condition) => {
    const found = condition.unmet(observation);
    return found === undefined ? [] : [{ condition: condition.text, found }];
  });
}

function all(plan: WaitPlan, found: string): WaitDocument["unmet"] {
  return plan.conditions.map((condition) => ({ condition: condition.text, found }));
}

function metOf(plan: WaitPlan, unmet: WaitDocument["unmet"]): string[] {
  const missing = new Set(unmet.map(({ condition }) => condition));
  return plan.conditions.map((condition) => condition.text).filter((text) => !missing.has(text));
}

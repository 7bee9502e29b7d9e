// Waiting for a condition in another process: asked again every few milliseconds until it answers, and an error that says what was waited for and
// what was seen last when the time is over. Never a fixed pause.

import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";

export interface Wait {
  readonly timeoutMs?: number;
  readonly everyMs?: number;
}

/** The first answer that is not undefined. A rejection counts as "not yet". */
export async function until<T>(what: string, ask: () => T | undefined | Promise<T | undefined>, wait: Wait = {}): Promise<T> {
  const { timeoutMs = 20_000, everyMs = 20 } = wait;
  const deadline = performance.now() + timeoutMs;
  let latest = "";
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      latest = `: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (performance.now() > deadline) throw new Error(`after ${timeoutMs} ms still no ${what}${latest}`);
    await sleep(everyMs);
  }
}

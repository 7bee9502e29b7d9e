// Removes the keys of a run, for good: a write whose answer was lost may still be on its way, so it is first sent again in its session. Then it has
// happened, or can happen no more, and the keys are deleted behind it. It goes on trying until its time is over, and beyond it as long as
// it gets on.

import { setTimeout as sleep } from "node:timers/promises";
import { toRaftctlError } from "../../base/errors.ts";
import { Client } from "../../client/client.ts";
import type { ClientOptions } from "../../client/client.ts";
import { removeKeys } from "./check-keys.ts";

/** How long a check tries. */
export const cleanUpMs = 15_000;
const lanes = 8;
const settleAttempts = 5;
const pauseMs = 200;
const callMsMax = 2000;

export interface CleanUp<Doubt> {
  readonly prefix: string;
  /** Writes whose answers were lost. */
  readonly doubts: readonly Doubt[];
  /** Sends one of them again in its session, or asks for its outcome there: either is final. */
  readonly settle: (client: Client, doubt: Doubt) => Promise<unknown>;
  /** Changed to the next one when one fails. */
  readonly addresses: readonly ClientOptions[];
  readonly timeoutMs: number;
}

/** Whether the cluster confirmed it. */
export async function cleanUp<Doubt>({ prefix, doubts, settle, addresses, timeoutMs }: CleanUp<Doubt>): Promise<boolean> {
  const endMs = performance.now() + timeoutMs;
  const open = [...doubts];
  for (let attempt = 0; performance.now() < endMs; attempt += 1) {
    const client = new Client({ ...addresses[attempt % addresses.length]!, timeoutMs: Math.min(callMsMax, Math.max(1, endMs - performance.now())) });
    try {
      await settleAll(open, (doubt) => settle(client, doubt)).catch((thrown: unknown) => {
        // A session that was forgotten in between answers "unknown" for ever.
        if (attempt < settleAttempts) throw thrown;
      });
      await removeKeys(client, prefix);
      return true;
    } catch {
      await sleep(pauseMs);
    } finally {
      client.close();
    }
  }
  return false;
}

/** Takes from `doubts` what is settled. Throws when the cluster does not answer. */
async function settleAll<Doubt>(doubts: Doubt[], settle: (doubt: Doubt) => Promise<unknown>): Promise<void> {
  const lane = async (): Promise<void> => {
    for (let doubt = doubts.pop(); doubt !== undefined; doubt = doubts.pop()) {
      try {
        await settle(doubt);
      } catch (thrown) {
        doubts.push(doubt);
        throw thrown;
      }
    }
  };
  const results = await Promise.allSettled(Array.from({ length: lanes }, lane));
  for (const result of results) if (result.status === "rejected") throw toRaftctlError(result.reason);
}

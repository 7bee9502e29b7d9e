// Removes the keys of a run, for good: a write whose answer was lost may still be on its way, so its outcome is asked for first. Then it has happened, or can
// happen no more, and the keys are deleted behind it. It goes on trying until its time is over, and beyond it as long as it gets on. Leases that still live end
// by themselves soon.

import { setTimeout as sleep } from "node:timers/promises";
import { toRaftctlError } from "../../base/errors.ts";
import { Client } from "../../client/client.ts";
import type { ClientOptions } from "../../client/client.ts";
import type { SessionStamp } from "../../wire/command.ts";
import { removeKeys } from "./check-keys.ts";

/** How long a check tries. */
export const cleanUpMs = 15_000;
const lanes = 8;
const pauseMs = 200;
const callMsMax = 2000;

export interface CleanUp {
  readonly prefix: string;
  /** Of writes whose answers were lost. */
  readonly doubts: readonly SessionStamp[];
  /** Changed to the next one when one fails. */
  readonly addresses: readonly ClientOptions[];
  readonly timeoutMs: number;
}

/** Whether the cluster confirmed it. */
export async function cleanUp({ prefix, doubts, addresses, timeoutMs }: CleanUp): Promise<boolean> {
  const endMs = performance.now() + timeoutMs;
  const open = [...doubts];
  for (let attempt = 0; performance.now() < endMs; attempt += 1) {
    const client = new Client({ ...addresses[attempt % addresses.length]!, timeoutMs: Math.min(callMsMax, Math.max(1, endMs - performance.now())) });
    try {
      await settle(client, open);
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
async function settle(client: Client, doubts: SessionStamp[]): Promise<void> {
  const lane = async (): Promise<void> => {
    for (let doubt = doubts.pop(); doubt !== undefined; doubt = doubts.pop()) {
      try {
        await client.kv.outcome(doubt);
      } catch (thrown) {
        doubts.push(doubt);
        throw thrown;
      }
    }
  };
  const results = await Promise.allSettled(Array.from({ length: lanes }, lane));
  for (const result of results) if (result.status === "rejected") throw toRaftctlError(result.reason);
}

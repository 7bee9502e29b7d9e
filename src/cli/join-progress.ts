// Follows a newcomer's joining through its own daemon, until it is as far as is wanted. As long as something moves it waits; when nothing has moved
// for a while it gives up and says how far it came. It changes nothing: the daemon goes on by itself.

import { setTimeout as delay } from "node:timers/promises";
import { isErrorCode, RaftctlError } from "../base/errors.ts";
import type { Client } from "../client/client.ts";
import type { AdminMethods } from "../wire/admin-protocol.ts";

export type JoinProgress = AdminMethods["joinProgress"]["result"];

export const joinStages = ["asking", "added", "caught-up", "voter"] as const;
export type JoinStage = (typeof joinStages)[number];

export interface JoinWait {
  readonly until: JoinStage;
  /** Without any change for so long it gives up. */
  readonly stallMs: number;
  readonly signal?: AbortSignal;
  readonly onProgress: (progress: JoinProgress) => void;
}

const pollMs = 50;

/** @throws what the daemon failed with; UNHEALTHY when nothing moves any more. */
export async function awaitJoined(client: Client, wait: JoinWait): Promise<JoinProgress> {
  let seen = "";
  let movedAt = performance.now();
  for (;;) {
    const progress = await client.admin.call("joinProgress", {});
    if (progress.stage === "failed") throw failureOf(progress);
    wait.onProgress(progress);
    if (joinStages.indexOf(progress.stage) >= joinStages.indexOf(wait.until)) return progress;
    const now = JSON.stringify([progress.stage, progress.joinedAtIndex, progress.entries, progress.bytes]);
    if (now !== seen) movedAt = performance.now();
    seen = now;
    if (performance.now() - movedAt > wait.stallMs) throw stalled(progress, wait);
    await delay(pollMs, undefined, wait.signal === undefined ? {} : { signal: wait.signal });
  }
}

function failureOf({ error }: JoinProgress): RaftctlError {
  const code = error !== null && isErrorCode(error.code) ? error.code : "INTERNAL";
  const hint = typeof error?.hint === "string" ? { hint: error.hint } : {};
  return new RaftctlError(code, error?.message ?? "joining failed without a reason", hint);
}

function stalled(progress: JoinProgress, { until, stallMs }: JoinWait): RaftctlError {
  return new RaftctlError("UNHEALTHY", `joining is still at ${progress.stage}, not ${until}: nothing has moved for ${stallMs / 1000} s`, {
    hint: "the daemon goes on by itself: raftctl status",
    details: { ...progress },
  });
}

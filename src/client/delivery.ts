// Delivers one command and says honestly what became of it: a response, an error that proves that nothing was done, or UNKNOWN_OUTCOME. Once a
// request was sent and its answer did not come, only the same (session, sequence) may be sent again, and from then on no refusal of a repetition
// proves anything about the first attempt: what cannot be cleared up before the deadline stays unknown.

import { setTimeout as sleep } from "node:timers/promises";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import type { ProposeResponse } from "../wire/client-protocol.ts";
import { isAmbiguous } from "./ambiguity.ts";
import type { Deadline } from "./deadline.ts";

export interface Delivery {
  /** Sends the same bytes each time. */
  readonly send: (deadline: Deadline) => Promise<ProposeResponse>;
  readonly deadline: Deadline;
  /** An unknown outcome is cleared up by repetition until this long after the call began, ms. */
  readonly clearUpMs: number;
  /** Of the session stamp in these bytes; undefined when they have none, and then they are sent once. */
  readonly requestId: string | undefined;
  /** The client was closed: sending again cannot succeed. */
  readonly isClosed: () => boolean;
}

const firstPauseMs = 20;
const longestPauseMs = 100;

export interface Answered {
  readonly response: ProposeResponse;
  /** It was sent more than once, so what is answered may be about an earlier attempt. */
  readonly wasRepeated: boolean;
}

export async function deliver(delivery: Delivery): Promise<Answered> {
  let doubt: RaftctlError | undefined;
  let { deadline } = delivery;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return { response: await delivery.send(deadline), wasRepeated: doubt !== undefined };
    } catch (thrown) {
      const error = toRaftctlError(thrown);
      const ambiguous = isAmbiguous(error);
      if (!ambiguous && doubt === undefined) throw error;
      doubt ??= error;
      deadline = delivery.deadline.within(delivery.clearUpMs);
      const worthRepeating = delivery.requestId !== undefined && !delivery.isClosed() && (ambiguous || error.retryable);
      if (!worthRepeating || !(await pause(pauseMs, deadline))) throw unknownOutcome(doubt, delivery);
    }
  }
}

async function pause(pauseMs: number, deadline: Deadline): Promise<boolean> {
  if (deadline.remainingMs <= pauseMs) return false;
  // Who gives up meanwhile has the next attempt refused before it is sent, which ends this.
  await sleep(pauseMs, undefined, { signal: deadline.signal }).catch(() => undefined);
  return !deadline.passed;
}

export function unknownOutcome(cause: RaftctlError, delivery: { requestId: string | undefined; deadline: Deadline }): RaftctlError {
  const { requestId, deadline } = delivery;
  const named = requestId === undefined ? "the request" : `request ${requestId}`;
  return new RaftctlError("UNKNOWN_OUTCOME", `${named} was sent and may or may not have been applied (after ${Math.round(deadline.elapsedMs)} ms): ${cause.message}`, {
    cause,
    details: { ...cause.details, ...(requestId === undefined ? {} : { requestId }), reason: cause.code },
    hint: requestId === undefined ? "read the key before writing again" : `raftctl outcome ${requestId} says what became of it; or repeat it safely with ${repeatFlags(requestId)}`,
  });
}

function repeatFlags(requestId: string): string {
  const [session, sequence] = requestId.split(":");
  return `--session ${session} --seq ${sequence}`;
}

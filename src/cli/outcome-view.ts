// What `outcome` says of a request: its fate as a document, and, when it was not applied or nobody can tell, the error that goes with it.

import { RaftctlError } from "../base/errors.ts";
import type { RequestOutcome } from "../client/writes.ts";

/** applied: executed at `index`, with this result. not-applied: not executed, and never will be. session-expired: forgotten by the cluster. */
export interface OutcomeDocument {
  requestId: string;
  state: "applied" | "not-applied" | "session-expired";
  index?: string;
  /** What the state machine answered then: "ok", or "conflict" when a condition did not hold. */
  result?: string;
}

export function outcomeDocument(requestId: string, outcome: RequestOutcome): { readonly document: OutcomeDocument; readonly error: RaftctlError | undefined } {
  const { state } = outcome;
  if (state === "applied") return { document: { requestId, state, index: String(outcome.result.index), result: outcome.result.status }, error: undefined };
  const error = state === "session-expired"
    ? new RaftctlError("UNKNOWN_OUTCOME", `the cluster has forgotten the session of request ${requestId}: it may have been applied, and will not be any more`, { hint: "read the key before writing again" })
    : new RaftctlError("NOT_FOUND", `request ${requestId} was not applied, and never will be`, { hint: "write again as a new request" });
  return { document: { requestId, state }, error };
}

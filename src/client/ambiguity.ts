// Whether a failed request may have had its effect. Details of an error say `sent`: false when it provably never left, true when it may have
// reached somebody; an error without it is the server's own word.

import type { RaftctlError } from "../base/errors.ts";

/** Safe to send to another address. */
export function isUnsent(error: RaftctlError): boolean {
  return error.details?.["sent"] === false;
}

/** It may have been done, or may still be done: only UNKNOWN_OUTCOME says that honestly. */
export function isAmbiguous(error: RaftctlError): boolean {
  if (error.details?.["sent"] !== undefined) return error.details["sent"] === true;
  return error.code === "UNKNOWN_OUTCOME" || error.code === "TIMEOUT" || error.code === "CONNECTION_LOST";
}

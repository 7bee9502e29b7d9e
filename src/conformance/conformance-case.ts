// One claim about an implementation of a port, for any test runner: it returns when the claim holds, and throws what was found instead.

import assert from "node:assert/strict";
import { toRaftctlError } from "../base/errors.ts";

export interface ConformanceCase<Subject> {
  /** A sentence that is true when `run` returns. */
  readonly name: string;
  /** Leaves nothing open behind it, also when it throws. */
  readonly run: (subject: Subject) => Promise<void>;
}

/** That the promise rejects with an error of this code. */
export async function rejectsWith(code: string, promise: Promise<unknown>): Promise<void> {
  const ended = await promise.then(() => "nothing", (error: unknown) => toRaftctlError(error).code);
  assert.equal(ended, code, `rejects with ${ended}, expected ${code}`);
}

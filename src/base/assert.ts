// Assertions state what must be true of our own code. They stay on in production: a false one is our bug, and a Raft node that has met
// one must stop before it writes or sends anything more. What the world may do wrong is a RaftctlError (errors.ts), never an assertion.

export class AssertionFailure extends Error {
  override readonly name = "AssertionFailure";
}

/** @param sentence what is true when the condition holds, so that the failure reads "not true: <sentence>". */
export function assert(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new AssertionFailure(`not true: ${sentence}`);
}

export function unreachable(value: never): never {
  throw new AssertionFailure(`not true: every case is handled, also ${JSON.stringify(value)}`);
}

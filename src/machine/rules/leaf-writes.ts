// What a command would write, for the rules: puts and deletes in order, in branches of which at most one is executed, as a whole or not at all. Everything
// else that a command may be touches no key. A lease that ends deletes keys that its command does not name: as long as it is not applied it may be any of them.

import { emptyBytes } from "../../base/bytes.ts";
import type { Command, SessionStamp } from "../../wire/command.ts";
import { decodeTxn, type Txn, type TxnStep } from "../../wire/txn.ts";

export type LeafWrite =
  | { readonly kind: "put"; readonly key: Uint8Array; readonly value: Uint8Array; /** Only when there is no such key. */ readonly createsOnly: boolean }
  | { readonly kind: "delete"; readonly key: Uint8Array }
  | { readonly kind: "deleteRange"; readonly start: Uint8Array; readonly end: Uint8Array | undefined };

export interface CommandWrites {
  readonly branches: readonly (readonly LeafWrite[])[];
  /** Whether it is executed hangs on what is there then. */
  readonly isConditional: boolean;
  /** Which keys it deletes, its execution tells (AppliedBatch.keysEnded). */
  readonly isUnnamed?: true;
  readonly session: SessionStamp | undefined;
}

const none: readonly (readonly LeafWrite[])[] = [];

export function writesOf(command: Command): CommandWrites {
  const { session } = command;
  switch (command.operation) {
    case "put": {
      const { key, value, condition, lease } = command;
      const createsOnly = condition?.kind === "absent" || (condition?.kind === "version" && condition.version === 0);
      return { branches: [[{ kind: "put", key, value, createsOnly }]], isConditional: condition !== undefined || lease !== undefined, session };
    }
    case "delete":
      return { branches: [[{ kind: "delete", key: command.key }]], isConditional: command.condition !== undefined, session };
    case "deleteRange":
      return { branches: [[{ kind: "deleteRange", start: command.start, end: command.end }]], isConditional: false, session };
    case "txn":
      return { ...txnWrites(command.body), session };
    case "leaseRevoke":
      return { branches: [[{ kind: "deleteRange", start: emptyBytes, end: undefined }]], isConditional: true, isUnnamed: true, session };
    case "append":
    case "leaseGrant":
    case "set":
    case "settle":
    case "sessionClose":
      return { branches: none, isConditional: false, session };
  }
}

function txnWrites(body: Uint8Array): Omit<CommandWrites, "session"> {
  const txn = parsed(body);
  // It is executed as nothing at all.
  if (txn === undefined) return { branches: none, isConditional: false };
  const { compare, then, else: otherwise } = txn;
  if (compare.length === 0) return { branches: [leaves(then)], isConditional: then.some((step) => step.operation === "deleteRange" || (step.operation === "put" && step.lease !== undefined)) };
  return { branches: [leaves(then), leaves(otherwise)], isConditional: true };
}

function parsed(body: Uint8Array): Txn | undefined {
  try {
    return decodeTxn(body);
  } catch {
    return undefined;
  }
}

function leaves(steps: readonly TxnStep[]): LeafWrite[] {
  return steps.flatMap((step) => (step.operation === "range" ? [] : writesOf(step).branches.flat()));
}

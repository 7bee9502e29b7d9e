// What a command would write, for the rules: puts and deletes in order, in branches of which at most one is executed, as a whole or not at all. Everything
// else that a command may be touches no key. An index follows the state by these keys, so a command that deletes keys it does not name is a deletion of the
// whole range: then every key of an index is looked at again.

import type { Command, SessionStamp } from "../../wire/command.ts";

export type LeafWrite =
  | { readonly kind: "put"; readonly key: Uint8Array; readonly value: Uint8Array; /** Only when there is no such key. */ readonly createsOnly: boolean }
  | { readonly kind: "delete"; readonly key: Uint8Array }
  | { readonly kind: "deleteRange"; readonly start: Uint8Array; readonly end: Uint8Array | undefined };

export interface CommandWrites {
  readonly branches: readonly (readonly LeafWrite[])[];
  /** Whether it is executed hangs on what is there then. */
  readonly isConditional: boolean;
  readonly session: SessionStamp | undefined;
}

const none: readonly (readonly LeafWrite[])[] = [];

export function writesOf(command: Command): CommandWrites {
  const { session } = command;
  switch (command.operation) {
    case "put": {
      const { key, value, condition } = command;
      const createsOnly = condition?.kind === "absent" || (condition?.kind === "version" && condition.version === 0);
      return { branches: [[{ kind: "put", key, value, createsOnly }]], isConditional: condition !== undefined, session };
    }
    case "delete":
      return { branches: [[{ kind: "delete", key: command.key }]], isConditional: command.condition !== undefined, session };
    case "deleteRange":
      return { branches: [[{ kind: "deleteRange", start: command.start, end: command.end }]], isConditional: false, session };
    case "append":
    case "set":
    case "settle":
      return { branches: none, isConditional: false, session };
  }
}

// Validation before the append, as a port (S33, S34): what an application wants of a command before the leader lets it into the log. Whoever embeds a
// region hands in a CommandValidator; the daemon's is machine/rules/rule-book.ts. A refused command is in no log and on no wire.

import type { RaftctlError } from "../base/errors.ts";
import type { Entry } from "../raft/entry.ts";

export interface CommandValidator {
  /**
   * Called on the leader only, when the command is the next to be appended: whatever was proposed before it is in `log`. Synchronous, without effects, and quick,
   * because everything else of the region waits meanwhile. A command that has no condition of the validator's costs least when it is recognised by its first bytes.
   *
   * A throw means that the validator itself has failed: the command is refused with INTERNAL, and the node stops if it was storage that failed (CORRUPT, IO_ERROR).
   */
  validate(command: Uint8Array, log: LeaderLog): Verdict;
}

/** The leader's log. While `currentTerm` stays the same it only grows: what is in it is applied before whatever is appended now, or neither is. */
export interface LeaderLog {
  readonly currentTerm: number;
  readonly lastIndex: number;
  /** The state machine has at least everything up to here; what it was given since it knows itself. */
  readonly lastApplied: number;
  /** Both ends included; without what is compacted. The entries after what is applied are the uncommitted tail, inherited ones included. */
  entriesBetween(first: number, last: number): readonly Entry[];
}

/**
 * undefined: it may come in. An error: it is refused with this, code and details arriving whole wherever it came from (S37); REJECTED for what the
 * application does not want. Postponed: it waits here, because how an entry before it ends decides.
 */
export type Verdict = RaftctlError | Postponed | undefined;

/** Asked again when this index is applied; Infinity: from time to time. */
export interface Postponed {
  readonly untilApplied: number;
}

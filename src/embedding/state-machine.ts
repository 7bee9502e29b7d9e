// What an embedding program replicates: a state machine of its own, with commands `D`, results `R` and refusals `E`, and how those become bytes. Every
// node applies the same commands in the same order, so `apply` may depend on nothing but the state and the command: no clock, no chance, no input.

import { utf8, utf8Text } from "../base/bytes.ts";
import { RaftctlError } from "../base/errors.ts";
import type { LogPosition } from "../raft/entry.ts";

export interface StateMachine<D, R, E = never> {
  /**
   * Executes one command and answers `{ result }`, or `{ refused }` when the application says no: both stand in the log, and both reach whoever proposed the
   * command. What it throws is a bug, and stops the node: a refusal is returned.
   */
  apply(command: D, position: LogPosition): Outcome<R, E>;
  /** The whole state. Equal states give equal bytes. */
  snapshot(): Uint8Array;
  /** Replaces the state by one that `snapshot` of another node gave. */
  restore(snapshot: Uint8Array): void;
}

/** What a state machine answers to a command. Tell the two apart by `refused !== undefined`. */
export type Outcome<R, E> = Done<R> | ([E] extends [never] ? never : Refused<E>);

export interface Done<R> {
  readonly result: R;
  readonly refused?: undefined;
}

/** The application's own refusal, with whatever fields it has. */
export interface Refused<E> {
  readonly refused: E;
  readonly result?: undefined;
}

/** How commands and answers become bytes: the same on every node. `decode` throws for bytes that `encode` cannot have made. */
export interface Codec {
  encode(value: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}

/** For commands and answers that are plain JSON values. */
export const jsonCodec: Codec = {
  encode: (value) => utf8(JSON.stringify(value)),
  decode: (bytes) => JSON.parse(textOf(bytes)) as unknown,
};

function textOf(bytes: Uint8Array): string {
  const text = utf8Text(bytes);
  if (text === undefined) throw new RaftctlError("BAD_REQUEST", `${bytes.length} bytes that should be JSON are not UTF-8`);
  return text;
}

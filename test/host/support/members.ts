// Ids, members and memberships in one line, bytes and text, and what a promise has come to.

import { utf8 } from "../../../src/base/bytes.ts";
import { toRaftctlError, type RaftctlError } from "../../../src/base/errors.ts";
import { parseNodeId, type NodeId } from "../../../src/base/ids.ts";
import { entryTypes, type Entry } from "../../../src/raft/entry.ts";
import type { Member, Membership } from "../../../src/raft/membership.ts";

export const idOf = (number: number): NodeId => parseNodeId(String(number));

export function member(number: number, extra: Partial<Member> = {}): Member {
  return { id: idOf(number), name: `n${number}`, peerAddress: `h${number}:1`, clientAddress: `h${number}:2`, incarnation: 1, masterEligible: true, ...extra };
}

export function votersOf(...numbers: number[]): Membership {
  return { voters: numbers.map(idOf), votersOutgoing: [], learners: [], learnersNext: [], members: numbers.map((number) => member(number)) };
}

export const bytes = utf8;
export const text = (data: Uint8Array): string => new TextDecoder().decode(data);

export function command(index: number, term: number, content = `c${index}`): Entry {
  return { index, term, type: entryTypes.command, data: utf8(content) };
}

/** "pending", or how it ended, looked at without waiting longer than the turn. */
export interface Watched<T> {
  readonly state: "pending" | "resolved" | "rejected";
  readonly value: T | undefined;
  readonly error: RaftctlError | undefined;
}

export function watch<T>(promise: Promise<T>): Watched<T> {
  const watched: { state: Watched<T>["state"]; value: T | undefined; error: RaftctlError | undefined } = { state: "pending", value: undefined, error: undefined };
  promise.then(
    (value) => Object.assign(watched, { state: "resolved", value }),
    (error: unknown) => Object.assign(watched, { state: "rejected", error: toRaftctlError(error) }),
  );
  return watched;
}

/** The code with which it rejects; "resolved" when it does not. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return toRaftctlError(error).code;
  }
  return "resolved";
}

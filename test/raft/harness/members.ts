// Short names for tests: member "n1" has id "1". Memberships and entries are built from names and plain texts.

import { utf8, utf8Text } from "../../../src/base/bytes.ts";
import { parseNodeId } from "../../../src/base/ids.ts";
import type { NodeId } from "../../../src/base/ids.ts";
import { Prng } from "../../../src/base/prng.ts";
import { entryTypes } from "../../../src/raft/entry.ts";
import type { Entry } from "../../../src/raft/entry.ts";
import type { Member, Membership } from "../../../src/raft/membership.ts";
import type { InitialState, RaftOptions } from "../../../src/raft/options.ts";

export function idOf(name: string): NodeId {
  return parseNodeId(name.replace(/^n/, ""));
}

export function nameOf(id: string): string {
  return `n${id}`;
}

export function member(name: string, changes: Partial<Member> = {}): Member {
  const id = idOf(name);
  return { id, name, peerAddress: `${name}:7001`, clientAddress: `${name}:7002`, incarnation: 1, masterEligible: true, ...changes };
}

export interface Names {
  readonly voters?: readonly string[];
  readonly votersOutgoing?: readonly string[];
  readonly learners?: readonly string[];
  readonly learnersNext?: readonly string[];
}

export function membershipOf(names: Names): Membership {
  const { voters = [], votersOutgoing = [], learners = [], learnersNext = [] } = names;
  const all = [...new Set([...voters, ...votersOutgoing, ...learners])];
  return {
    voters: voters.map(idOf),
    votersOutgoing: votersOutgoing.map(idOf),
    learners: learners.map(idOf),
    learnersNext: learnersNext.map(idOf),
    members: all.map((name) => member(name)),
  };
}

export function optionsOf(name: string, changes: Partial<RaftOptions> = {}): RaftOptions {
  return {
    id: idOf(name),
    electionTimeout: 100,
    heartbeatInterval: 20,
    masterEligible: true,
    prng: new Prng(Number(idOf(name))),
    appendBytesMax: 1 << 20,
    appendsInFlightMax: 4,
    applyBytesMax: 1 << 20,
    uncommittedBytesMax: 1 << 20,
    ...changes,
  };
}

/** A pristine server of a region with this founding membership. */
export function pristine(membership: Membership): InitialState {
  return {
    hardState: { currentTerm: 0, votedFor: undefined, commitIndex: 0 },
    snapshot: { index: 0, term: 0, membership },
    entries: [],
    lastApplied: 0,
  };
}

/** Commands with these terms, at indexes 1, 2, 3, …: the shape of the logs in the paper's figures. */
export function entriesWithTerms(terms: readonly number[], first = 1): Entry[] {
  return terms.map((term, position) => command(first + position, term, `${first + position}/${term}`));
}

export function command(index: number, term: number, text: string): Entry {
  return { index, term, type: entryTypes.command, data: utf8(text) };
}

/** A server that has such a log, all of it durable, in `currentTerm`. */
export function withLog(membership: Membership, terms: readonly number[], currentTerm = terms.at(-1) ?? 0): InitialState {
  return { ...pristine(membership), hardState: { currentTerm, votedFor: undefined, commitIndex: 0 }, entries: entriesWithTerms(terms) };
}

export function textOf(entry: Entry): string {
  return utf8Text(entry.data) ?? "?";
}

// What every property of the simulation has in common. A property watches from outside, keeps what it needs to remember, and throws a Violation at
// the first event after which its sentence is no longer true. It is told of every event in the order in which they happen; it never changes what it
// is shown, and keeps no reference to a view beyond the call.

import type { NodeId } from "../../../src/base/ids.ts";
import type { Entry, HardState } from "../../../src/raft/entry.ts";
import type { Membership } from "../../../src/raft/membership.ts";
import type { Message } from "../../../src/raft/message.ts";
import type { RaftEvent, Role } from "../../../src/raft/ready.ts";
import type { KeyValueRecord } from "../../../src/wire/client-protocol.ts";
import type { WatchEvent } from "../../../src/wire/watch-events.ts";

/** A running replica between two events. */
export interface ReplicaView {
  readonly id: NodeId;
  /** "n1", for people. */
  readonly name: string;
  /** 1, 2, 3, …: what only memory knew is gone after a boot. */
  readonly boot: number;
  readonly role: Role;
  readonly currentTerm: number;
  readonly commitIndex: number;
  readonly lastApplied: number;
  readonly lastIndex: number;
  readonly snapshotIndex: number;
  /** The newest one in the log, committed or not. */
  readonly membership: Membership;
  /** Of the state machine, at lastApplied. */
  readonly digest: string;
  termAt(index: number): number | undefined;
  entriesBetween(first: number, last: number): readonly Entry[];
  /** In currentTerm; a view that cannot tell does not have it. */
  votedFor?(): string | undefined;
  /** Everything in this process that has a bound: name, what it holds now, and the most that it may hold. */
  queues(): readonly QueueView[];
}

export interface QueueView {
  readonly name: string;
  readonly held: number;
  readonly max: number;
}

/** What would be found on a node's disk after losing power now, told by the disk itself and not by the node. */
export interface DurableLog {
  readonly hardState: HardState;
  /** Everything up to here is held by a durable snapshot. */
  readonly snapshotIndex: number;
  readonly lastIndex: number;
  /** undefined: not there; for an index at or below the snapshot, ask `snapshotIndex`. */
  termAt(index: number): number | undefined;
}

export interface EndView {
  /** Of all members that run, after the faults have stopped and the world had time to heal. */
  readonly replicas: readonly ReplicaView[];
  readonly convergedMs: number | undefined;
  readonly pendingOperations: number;
  /** Names of members that believe what they were told: that they are members no more. */
  readonly outcasts: readonly string[];
}

/** A client was answered. */
export interface ClientAnswer {
  readonly client: string;
  /** Who answered, and in which of its boots. */
  readonly node: string;
  readonly boot: number;
  readonly kind: "write" | "linearizable read" | "stale read";
  /** Of the entry that was written, or the lastApplied that the read was served at. */
  readonly index: number;
}

/** A file of a node's state was read to its end and restored. */
export interface BackupView {
  readonly node: string;
  readonly index: number;
  readonly term: number;
  /** Of what was restored. */
  readonly digest: string;
  /** By the head of the file. */
  readonly announced: string | undefined;
  /** The highest index of a write that was acknowledged before it was asked for, when a majority was to confirm that; else 0. */
  readonly atLeast: number;
}

/** A watcher was answered: these are all changes of its range from `from` up to `nextIndex`, which is excluded. */
export interface WatchView {
  readonly watcher: string;
  readonly node: string;
  /** All keys that begin so. */
  readonly prefix: string;
  readonly from: number;
  readonly nextIndex: number;
  readonly events: readonly WatchEvent[];
}

/** A reader was shown a page of a range. */
export interface PageView {
  readonly reader: string;
  readonly node: string;
  /** Of the first page of this range. */
  readonly firstIndex: number;
  readonly index: number;
  /** Included; keys as text, one character for each byte. */
  readonly start: string;
  /** Excluded. */
  readonly end: string | undefined;
  /** There are further ones behind the last one here. */
  readonly more: boolean;
  readonly records: readonly KeyValueRecord[];
}

/** A holder was told that its lease is kept, by an answer to a request that it sent then. */
export interface LeasePromise {
  readonly lease: bigint;
  /** ms, virtual. */
  readonly sentAt: number;
  readonly ttlMs: number;
}

export interface Property {
  /** As in the report: "Election Safety". */
  readonly name: string;
  /** A process has recovered and takes its first input. */
  booted?(replica: ReplicaView): void;
  /** After every event that may have changed this replica. */
  stepped?(replica: ReplicaView): void;
  /** Told by the core, in order, at the moment it happens inside of an event; the view may already show a later moment of the same event. */
  observed?(replica: ReplicaView, event: RaftEvent): void;
  /** In order; the digest of the view is the one after the last of these entries. */
  applied?(replica: ReplicaView, entries: readonly Entry[], results: readonly (Uint8Array | undefined)[]): void;
  /** A message leaves the process at this moment. Entries travel as bytes: of an AppendEntries the entries are left out here. */
  sending?(replica: ReplicaView, to: NodeId, message: Message): void;
  /** An answer of this node has arrived. */
  heard?(replica: ReplicaView, from: NodeId, answer: Message): void;
  /** As a leader it is about to remove a member that it takes for dead. */
  reaping?(replica: ReplicaView, dead: NodeId): void;
  answered?(answer: ClientAnswer): void;
  leaseKept?(promise: LeasePromise): void;
  /** A write of this value, which nobody else writes, was refused by a rule at its first attempt. */
  refused?(value: string): void;
  backedUp?(backup: BackupView): void;
  watched?(view: WatchView): void;
  paged?(page: PageView): void;
  /** What it has applied is to stay applied when its process dies. */
  saved?(replica: ReplicaView): void;
  /** The state came from a snapshot instead. */
  installed?(replica: ReplicaView, index: number): void;
  /** Its process dies now, in the middle of an event perhaps: what it has come to since `stepped` it may have written down. */
  dying?(replica: ReplicaView): void;
  crashed?(name: string): void;
  /** Right after `crashed`, when only the process died: its machine still has all that it was given, durable or not. */
  killed?(name: string): void;
  /** After `crashed`: the disk of this node was replaced by an empty one. What it has said and held binds it no more. */
  wiped?(name: string): void;
  ended?(end: EndView): void;
}

/** How to ask the disks; of every node that ever was, running or not. */
export interface Disks {
  durableLogOf(id: NodeId): DurableLog | undefined;
}

export class Violation extends Error {
  readonly property: string;

  constructor(property: string, sentence: string) {
    super(`${property}: ${sentence}`);
    this.name = "Violation";
    this.property = property;
  }
}

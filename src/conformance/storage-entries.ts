// Entries, memberships and snapshots that the claims about storages are made with.

import { parseNodeId } from "../base/ids.ts";
import type { RaftStorage } from "../host/raft-storage.ts";
import { entryTypes, type Entry } from "../raft/entry.ts";
import { encodeMembership } from "../raft/membership-codec.ts";
import type { Membership } from "../raft/membership.ts";
import type { SnapshotMeta } from "../raft/message.ts";

/** A storage that is empty at first, and the same one again after its process was killed. */
export interface StorageUnderTest {
  readonly storage: RaftStorage;
  /** Only asked for by the claims about durability. */
  readonly restart: () => Promise<RaftStorage>;
}

export interface StorageSubject {
  readonly open: () => Promise<StorageUnderTest>;
  /** Bytes of a command that this storage's state machine takes; another one for each number. */
  readonly command: (number: number) => Uint8Array;
}

export class Log {
  readonly #command: (number: number) => Uint8Array;

  constructor(command: (number: number) => Uint8Array) {
    this.#command = command;
  }

  entry(index: number, term = 1): Entry {
    return { index, term, type: entryTypes.command, data: this.#command(index) };
  }

  entries(first: number, last: number, term = 1): Entry[] {
    return Array.from({ length: last - first + 1 }, (_, place) => this.entry(first + place, term));
  }
}

export function membershipEntry(index: number, ...numbers: readonly number[]): Entry {
  return { index, term: 1, type: entryTypes.membership, data: encodeMembership(membershipOf(...numbers)) };
}

export function membershipOf(...numbers: readonly number[]): Membership {
  const members = numbers.map((number) => ({
    id: parseNodeId(String(number)), name: `n${number}`, peerAddress: `h${number}:1`, clientAddress: `h${number}:2`, incarnation: 1, masterEligible: true,
  }));
  return { voters: members.map(({ id }) => id), votersOutgoing: [], learners: [], learnersNext: [], members };
}

export function hardState(currentTerm: number, commitIndex = 0) {
  return { currentTerm, votedFor: "2", commitIndex };
}

/** The whole of the current snapshot: equal states have equal snapshots. */
export async function snapshotOf(storage: RaftStorage): Promise<Uint8Array> {
  await storage.createSnapshot();
  const snapshot = storage.currentSnapshot!;
  return Uint8Array.from(await storage.readSnapshot(snapshot, 0, snapshot.bytes));
}

/** Chunk by chunk, each at the offset that the receiver asks for. */
export async function send(from: RaftStorage, to: RaftStorage, chunk = 100): Promise<SnapshotMeta> {
  const { bytes, index, term, membership } = from.currentSnapshot!;
  const meta = { index, term, membership };
  for (let offset = 0; offset < bytes;) {
    const data = await from.readSnapshot(from.currentSnapshot!, offset, Math.min(chunk, bytes - offset));
    offset = await to.receiveSnapshot(meta, offset, data);
  }
  return meta;
}

/** Holds these entries and has applied them. */
export async function filled({ open }: StorageSubject, entries: readonly Entry[]): Promise<RaftStorage> {
  const { storage } = await open();
  await storage.persist({ sequence: 1, hardState: { currentTerm: entries.at(-1)!.term, votedFor: undefined, commitIndex: 0 }, entries });
  await storage.apply(entries);
  return storage;
}

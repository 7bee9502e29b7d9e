// One RawNode on a simulated disk and state machine. It carries out every Ready in the order that safety needs; disk and state machine may be
// held, so that what is on its way to them can be watched, completed step by step, or lost in a crash.

import { assert } from "../../../src/base/assert.ts";
import type { NodeId } from "../../../src/base/ids.ts";
import type { Entry } from "../../../src/raft/entry.ts";
import type { Input } from "../../../src/raft/input.ts";
import type { SnapshotMeta } from "../../../src/raft/message.ts";
import type { InitialState, RaftOptions } from "../../../src/raft/options.ts";
import { RawNode } from "../../../src/raft/raft.ts";
import type { Answer, DependentEnvelope, Envelope, PersistBatch, RaftEvent, Ready, Transfer } from "../../../src/raft/ready.ts";
import { nameOf } from "./members.ts";

export interface ServerHooks {
  sent?(from: Server, envelope: Envelope): void;
  ready?(server: Server, ready: Ready): void;
  /** After every input, before its effects. */
  stepped?(server: Server): void;
  applied?(server: Server, entry: Entry): void;
}

/** What a crash leaves. */
export interface Disk {
  hardState: InitialState["hardState"];
  snapshot: SnapshotMeta;
  entries: Entry[];
  lastApplied: number;
}

export class Server {
  readonly id: NodeId;
  readonly name: string;
  readonly disk: Disk;
  readonly answers: Answer[] = [];
  readonly events: RaftEvent[] = [];
  readonly transfers: Transfer[] = [];
  readonly readys: Ready[] = [];
  node: RawNode;
  up = true;
  diskHeld = false;
  applyHeld = false;
  installHeld = false;
  batches: PersistBatch[] = [];
  dependents: DependentEnvelope[] = [];
  applying: Entry[] = [];
  installing: SnapshotMeta | undefined;
  readonly #options: RaftOptions;
  readonly #hooks: ServerHooks;

  constructor(options: RaftOptions, initial: InitialState, hooks: ServerHooks = {}, now = 0) {
    this.id = options.id;
    this.name = nameOf(options.id);
    this.#options = options;
    this.#hooks = hooks;
    this.disk = { ...initial, entries: [...initial.entries] };
    this.node = new RawNode(options, initial, now);
  }

  step(input: Input, now: number): void {
    if (!this.up) return;
    this.node.step(input, now);
    this.#hooks.stepped?.(this);
    this.drain(now);
  }

  /** Without taking a Ready: for inputs that arrive in one turn. */
  stepOnly(input: Input, now: number): void {
    this.node.step(input, now);
    this.#hooks.stepped?.(this);
  }

  drain(now: number): void {
    for (;;) {
      const ready = this.node.takeReady();
      if (ready === undefined) return;
      this.#carryOut(ready, now);
    }
  }

  /** The oldest `count` batches become durable. */
  persist(now: number, count = this.batches.length): void {
    const done = this.batches.splice(0, count);
    for (const batch of done) this.#write(batch);
    const last = done.at(-1);
    if (last === undefined) return;
    this.step({ kind: "persisted", sequence: last.sequence }, now);
    const released = this.dependents.filter((each) => each.sequence <= last.sequence);
    this.dependents = this.dependents.filter((each) => each.sequence > last.sequence);
    for (const envelope of released) this.#send(envelope);
  }

  apply(now: number): void {
    const entries = this.applying;
    this.applying = [];
    for (const entry of entries) this.#applyOne(entry);
    if (entries.length > 0) this.step({ kind: "applied", index: entries.at(-1)!.index }, now);
  }

  install(now: number): void {
    const snapshot = this.installing;
    if (snapshot === undefined) return;
    this.installing = undefined;
    const keep = this.disk.entries.find((entry) => entry.index === snapshot.index)?.term === snapshot.term;
    this.disk.entries = keep ? this.disk.entries.filter((entry) => entry.index > snapshot.index) : [];
    this.disk.snapshot = snapshot;
    this.disk.lastApplied = snapshot.index;
    this.step({ kind: "installed", index: snapshot.index }, now);
  }

  compact(index: number, now: number): void {
    const term = this.node.termAt(index);
    if (term === undefined || index <= this.disk.snapshot.index) return;
    this.disk.snapshot = { index, term, membership: this.node.membershipAt(index) };
    this.disk.entries = this.disk.entries.filter((entry) => entry.index > index);
    this.step({ kind: "compact", index }, now);
  }

  /** Of what was on its way to the disk, the oldest `kept` batches survive; of a torn one after them, the hard state without the entries. */
  crash(kept = 0, torn = false): void {
    for (const batch of this.batches.slice(0, kept)) this.#write(batch);
    const next = this.batches[kept];
    if (torn && next !== undefined) this.#write({ ...next, entries: [] });
    this.up = false;
    this.batches = [];
    this.dependents = [];
    this.applying = [];
    this.installing = undefined;
  }

  restart(now: number): void {
    assert(!this.up, "only a crashed server restarts");
    this.up = true;
    this.node = new RawNode(this.#options, { ...this.disk, entries: [...this.disk.entries] }, now);
    this.drain(now);
  }

  takeAnswers(): Answer[] {
    return this.answers.splice(0);
  }

  takeEvents(): RaftEvent[] {
    return this.events.splice(0);
  }

  #carryOut(ready: Ready, now: number): void {
    this.#hooks.ready?.(this, ready);
    this.readys.push(ready);
    if (this.readys.length > 64) this.readys.shift();
    this.answers.push(...ready.answers);
    this.events.push(...ready.events);
    this.transfers.push(...ready.transfers);
    for (const envelope of ready.messages) this.#send(envelope);
    if (ready.persist !== undefined) this.batches.push(ready.persist);
    this.dependents.push(...ready.messagesAfterPersist);
    if (ready.committed.length > 0) {
      assert(this.applying.length === 0, "one batch is applied at a time");
      this.applying.push(...ready.committed);
    }
    if (ready.install !== undefined) this.installing = ready.install;
    if (!this.diskHeld && this.batches.length > 0) this.persist(now);
    if (!this.applyHeld && this.applying.length > 0) this.apply(now);
    if (!this.installHeld && this.installing !== undefined) this.install(now);
  }

  #send(envelope: Envelope): void {
    this.#hooks.sent?.(this, envelope);
  }

  #write(batch: PersistBatch): void {
    if (batch.hardState !== undefined) this.disk.hardState = batch.hardState;
    const first = batch.entries[0];
    if (first === undefined) return;
    this.disk.entries = this.disk.entries.filter((entry) => entry.index < first.index);
    const follows = (this.disk.entries.at(-1)?.index ?? this.disk.snapshot.index) + 1 === first.index;
    assert(follows, "a batch follows what is on the disk");
    this.disk.entries.push(...batch.entries);
  }

  #applyOne(entry: Entry): void {
    assert(entry.index === this.disk.lastApplied + 1, "entries are applied one after the other");
    this.disk.lastApplied = entry.index;
    this.#hooks.applied?.(this, entry);
  }
}

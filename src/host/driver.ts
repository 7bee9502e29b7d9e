// Drives one region's core: one mailbox, one input at a time, and everything that the core asks for carried out in the one order that safety needs
// (`#perform`). Nothing else steps the core. It knows nothing of who waits for what: its owner (region.ts) is told.

import type { Clock } from "../base/clock.ts";
import { RaftctlError } from "../base/errors.ts";
import { mark } from "../base/mark.ts";
import type { Entry } from "../raft/entry.ts";
import type { Input, Proposal } from "../raft/input.ts";
import type { RawNode } from "../raft/raft.ts";
import type { Answer, RaftEvent, Ready, Transfer } from "../raft/ready.ts";
import type { Messenger } from "./messenger.ts";
import { noSpaceRetryMs, Persister } from "./persister.ts";
import type { RaftStorage } from "./raft-storage.ts";
import { Saver } from "./saver.ts";

export interface DriverOwner {
  readonly messenger: Messenger;
  /** Whether the core may take this proposal now. */
  admits(proposal: Proposal): boolean;
  /** A last input of this turn, made of all that has gathered in it (the shared read round). */
  gathered(): Input | undefined;
  answered(answer: Answer): void;
  /** These are committed, and everything before them; the state machine may not have them yet. */
  committed(commitIndex: number, entries: readonly Entry[]): void;
  /** The core knows it already. */
  applied(entries: readonly Entry[], results: readonly (Uint8Array | undefined)[]): void;
  installed(index: number): void;
  transfer(transfer: Transfer): void;
  observed(event: RaftEvent): void;
  /** Deadlines of those who wait may have passed. */
  swept(now: number): void;
  turned(): void;
  fatal(error: Error): void;
}

interface Delivery {
  readonly input: Input;
  /** Called when the core has taken it. */
  readonly taken: (() => void) | undefined;
}

export class Driver {
  readonly #raw: RawNode;
  readonly #storage: RaftStorage;
  readonly #clock: Clock;
  readonly #owner: DriverOwner;
  readonly #persister: Persister;
  readonly #saver: Saver;
  #mailbox: Delivery[] = [];
  #turnScheduled = false;
  #turning = false;
  #tickWanted = false;
  #stopped = false;
  #lastLeaderContact: number | undefined;
  /** The commitIndex that the owner knows of. */
  #toldCommit: number;

  constructor(raw: RawNode, storage: RaftStorage, clock: Clock, owner: DriverOwner) {
    this.#raw = raw;
    this.#storage = storage;
    this.#clock = clock;
    this.#owner = owner;
    this.#toldCommit = raw.commitIndex;
    this.#persister = new Persister(storage, clock, {
      persisted: (sequence) => this.enqueue({ kind: "persisted", sequence }),
      fatal: (error) => owner.fatal(error),
    });
    this.#saver = new Saver(storage, clock, (error) => owner.fatal(error));
  }

  /** When a leader of this node's term or a later one last spoke. */
  get lastLeaderContact(): number | undefined {
    return this.#lastLeaderContact;
  }

  enqueue(input: Input, taken?: () => void): void {
    if (this.#stopped) return;
    this.#mailbox.push({ input, taken });
    this.scheduleTurn();
  }

  /** The tick is handled after the messages that are already there: a stall must not look like a timeout (H7). */
  tick(): void {
    this.#tickWanted = true;
    this.scheduleTurn();
  }

  scheduleTurn(): void {
    // What is delivered while a turn runs (storage that answers at once) is handled by that same turn.
    if (this.#turnScheduled || this.#turning || this.#stopped) return;
    this.#turnScheduled = true;
    this.#clock.endOfTurn(() => this.#turn());
  }

  stop(): void {
    this.#stopped = true;
    this.#mailbox = [];
    this.#persister.stop();
    this.#saver.stop();
  }

  #turn(): void {
    this.#turnScheduled = false;
    if (this.#stopped) return;
    this.#turning = true;
    try {
      this.#handleInputs();
    } catch (error) {
      this.#owner.fatal(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#turning = false;
    }
    this.#owner.turned();
  }

  #handleInputs(): void {
    const now = this.#clock.now();
    do {
      const deliveries = this.#mailbox;
      this.#mailbox = [];
      for (const { input, taken } of deliveries) {
        this.#step(input, now);
        taken?.();
      }
      const gathered = this.#owner.gathered();
      if (gathered !== undefined) this.#raw.step(gathered, now);
      if (this.#tickWanted && deliveries.length > 0) mark("driver-tick-behind-messages");
      if (this.#tickWanted) this.#handleTick(now);
      for (let ready = this.#raw.takeReady(); ready !== undefined; ready = this.#raw.takeReady()) {
        this.#perform(ready);
        // A disk that failed at once has ended everything.
        if (this.#stopped) return;
      }
      this.#tellCommitted();
      this.#owner.messenger.send(this.#persister.release());
    } while (this.#mailbox.length > 0 && !this.#stopped);
  }

  #step(input: Input, now: number): void {
    if (input.kind === "message" && input.message.type === "appendEntries" && input.message.term >= this.#raw.currentTerm) {
      this.#lastLeaderContact = now;
    }
    if (input.kind === "propose" && !this.#owner.admits(input)) return;
    this.#raw.step(input, now);
  }

  #handleTick(now: number): void {
    this.#tickWanted = false;
    this.#raw.step({ kind: "tick" }, now);
    this.#owner.swept(now);
  }

  #perform(ready: Ready): void {
    // Answers first: storage may answer at once, and a waiter must be in place before its entry can commit.
    for (const answer of ready.answers) this.#owner.answered(answer);
    this.#owner.messenger.send(ready.messages);
    if (ready.messagesAfterPersist.length > 0) this.#persister.hold(ready.messagesAfterPersist);
    if (ready.persist !== undefined) this.#persister.persist(ready.persist);
    if (this.#stopped) return;
    if (ready.committed.length > 0) this.#apply(ready.committed);
    if (ready.install !== undefined) this.#install(ready.install);
    for (const transfer of ready.transfers) this.#owner.transfer(transfer);
    for (const event of ready.events) this.#owner.observed(event);
  }

  /** Before they are applied: `#applied` is only ever handled in a later round of this loop. */
  #tellCommitted(): void {
    const { commitIndex } = this.#raw;
    if (commitIndex === this.#toldCommit) return;
    const entries = this.#raw.entriesBetween(this.#toldCommit + 1, commitIndex);
    this.#toldCommit = commitIndex;
    this.#owner.committed(commitIndex, entries);
  }

  /**
   * At the end of the turn, behind the messages and the log write of this turn: those are on their way to others' processors, the network and the disk
   * while this one applies.
   */
  #apply(entries: readonly Entry[]): void {
    this.#clock.endOfTurn(() => {
      if (this.#stopped) return;
      try {
        const results = this.#storage.apply(entries);
        if (results instanceof Promise) results.then((late) => this.#applied(entries, late)).catch((error: Error) => this.#owner.fatal(error));
        else this.#applied(entries, results);
      } catch (error) {
        this.#owner.fatal(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  #applied(entries: readonly Entry[], results: readonly (Uint8Array | undefined)[]): void {
    if (this.#stopped) return;
    this.#saver.applied();
    this.enqueue({ kind: "applied", index: entries.at(-1)!.index }, () => this.#owner.applied(entries, results));
  }

  #install(snapshot: NonNullable<Ready["install"]>): void {
    const raw = this.#raw;
    const kept = raw.termAt(snapshot.index) === snapshot.term ? raw.entriesBetween(snapshot.index + 1, raw.lastIndex) : [];
    const { currentTerm, votedFor } = raw.status();
    const hardState = { currentTerm, votedFor, commitIndex: snapshot.index };
    Promise.resolve(this.#storage.install(snapshot, kept, hardState))
      .then(() => this.enqueue({ kind: "installed", index: snapshot.index }, () => this.#owner.installed(snapshot.index)))
      .catch((error: Error) => this.#installFailed(snapshot, error));
  }

  /** Without space nothing of it has happened: it is tried again until there is some (H45). */
  #installFailed(snapshot: NonNullable<Ready["install"]>, error: Error): void {
    if (!(error instanceof RaftctlError) || error.code !== "NO_SPACE") return this.#owner.fatal(error);
    mark("install-waits-for-space");
    this.#clock.at(this.#clock.now() + noSpaceRetryMs, () => {
      if (!this.#stopped) this.#install(snapshot);
    });
  }
}

// One region on this host: a Raft group's replica, as asynchronous methods. It turns calls into inputs of the core and the core's answers into
// settled promises; driver.ts carries out what the core wants. Whoever embeds Raft talks to this class; the daemon does so through
// leader-gateway.ts, which forwards when another node leads.

import { assert } from "../base/assert.ts";
import type { Clock } from "../base/clock.ts";
import type { Crc32 } from "../base/crc.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import type { NodeId, RegionId } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import type { Entry } from "../raft/entry.ts";
import type { Input, Ticket } from "../raft/input.ts";
import type { MembershipChange } from "../raft/membership.ts";
import type { RaftOptions } from "../raft/options.ts";
import { RawNode } from "../raft/raft.ts";
import type { Answer, RaftEvent } from "../raft/ready.ts";
import type { CommitCertainty } from "./commit-certainty.ts";
import { Driver, type DriverOwner } from "./driver.ts";
import { EntryMoments } from "./entry-moments.ts";
import { Messenger } from "./messenger.ts";
import { Milestones } from "./milestones.ts";
import { Operations, refusalError } from "./operations.ts";
import { PeerInbox } from "./peer-inbox.ts";
import { ProposalGate } from "./proposal-gate.ts";
import { Proposals, type Proposed, type WriteOptions } from "./proposals.ts";
import type { RaftStorage } from "./raft-storage.ts";
import { Reads } from "./reads.ts";
import { SnapshotReceiver } from "./snapshot-receiver.ts";
import { chunkBytes, SnapshotSender } from "./snapshot-sender.ts";
import { Snapshotter, type CompactionPolicy } from "./snapshotter.ts";
import { StateAudit } from "./state-audit.ts";
import type { RaftClusterMember } from "./transport.ts";
import type { CommandValidator } from "./validation.ts";
import { WriteTraces } from "./write-traces.ts";

export interface RegionOptions {
  readonly region: RegionId;
  readonly raft: RaftOptions;
  readonly network: RaftClusterMember;
  readonly storage: RaftStorage;
  readonly clock: Clock;
  readonly crc32: Crc32;
  readonly logger: Logger;
  readonly compaction: CompactionPolicy;
  /** Bytes of a snapshot in one message; 256 KiB when absent. */
  readonly snapshotChunkBytes?: number | undefined;
  /** What a leader appends for a command, or answers instead; absent: each as it is. */
  readonly admit?: (command: Uint8Array) => Uint8Array | RaftctlError;
  /** What a command must be before it enters the log (S34); absent: anything may. */
  readonly validator?: CommandValidator | undefined;
  /** When a write that waits to be committed may be answered (commit-certainty.ts); absent: as soon as it is. */
  readonly certainty?: CommitCertainty | undefined;
  /** Requests that may wait here for an outcome; more are answered BUSY. */
  readonly waitingMax: number;
  /** The deadline may have come nearer: the host arms its one timer. */
  readonly onDeadline: () => void;
  readonly onEvent: (event: RaftEvent) => void;
  /** Storage failed or an assertion did: the process must stop before anything more is said. */
  readonly onFatal: (error: Error) => void;
}

export class Raft {
  /** What peers ask of this node. */
  readonly inbox: PeerInbox;
  readonly stateTransfers: SnapshotSender;
  readonly traces: WriteTraces;
  readonly moments: EntryMoments;
  readonly #options: RegionOptions;
  readonly #raw: RawNode;
  readonly #messenger: Messenger;
  readonly #driver: Driver;
  readonly #audit: StateAudit;
  readonly #snapshotter: Snapshotter;
  readonly #proposals: Proposals;
  readonly #gate: ProposalGate;
  readonly #reads = new Reads();
  readonly #milestones: Milestones;
  readonly #operations = new Operations();
  /** When the deadlines of waiters are looked at again; never while nobody waits. */
  #sweepAt = Number.POSITIVE_INFINITY;
  #nextTicket = 1;
  /** Apart from the core's request ids, which begin at 1: a receiver tells requests of one peer apart by them. */
  #nextTransferRequest = 2 ** 52;
  #stopped: RaftctlError | undefined;

  /** Recovers from storage first; the first input may come at once. */
  static async start(options: RegionOptions): Promise<Raft> {
    if (options.network === undefined || options.storage === undefined) {
      throw new RaftctlError("INVALID_ARGUMENT", "a region needs a network and a storage");
    }
    const initial = await options.storage.initialState();
    const applied = initial.entries.slice(0, Math.max(0, initial.lastApplied - initial.snapshot.index));
    return new Raft(options, new RawNode(options.raft, initial, options.clock.now()), applied);
  }

  private constructor(options: RegionOptions, raw: RawNode, applied: readonly Entry[]) {
    this.#options = options;
    this.#raw = raw;
    const { storage, network, region, crc32, logger, raft, clock } = options;
    const deliver = (input: Input): void => this.#driver.enqueue(input);
    this.#proposals = new Proposals((committed) => options.certainty?.certainty(raw, committed.at(-1)!.index));
    this.#milestones = new Milestones(clock);
    this.traces = new WriteTraces(clock, raw, raft.electionTimeout);
    this.moments = new EntryMoments(clock, raw);
    this.#gate = new ProposalGate({ core: raw, storage, proposals: this.#proposals, waitingMax: options.waitingMax, validator: options.validator, logger, deliver });
    this.#audit = new StateAudit({
      id: raft.id, core: raw, checkpoints: () => storage.checkpoints, clock, logger, patienceMs: 2 * raft.electionTimeout, onDivergence: (error) => this.#diverged(error),
    });
    this.#messenger = new Messenger({ region, network, crc32, timeoutMs: raft.electionTimeout, deliver, audit: this.#audit });
    const receiver = new SnapshotReceiver(this.#messenger, storage, { deliver, fatal: (error) => this.#fatal(error) });
    this.inbox = new PeerInbox({ region, crc32, messenger: this.#messenger, snapshots: receiver, audit: this.#audit });
    this.#snapshotter = new Snapshotter({ storage, policy: options.compaction, logger, clock, recovered: applied, compact: (index) => {
      if (index > this.#raw.snapshotIndex) this.#driver.enqueue({ kind: "compact", index });
    } });
    this.stateTransfers = new SnapshotSender({
      id: raft.id, network, storage, logger, deliver,
      clock, settleMs: raft.electionTimeout, pin: (index) => this.#snapshotter.pin(index), chunkTimeoutMs: raft.electionTimeout * 30, chunkBytes: options.snapshotChunkBytes ?? chunkBytes,
      nextRequestId: () => (this.#nextTransferRequest += 1),
      takeSnapshot: () => this.#orStop(this.#snapshotter.takeOrJoin()),
      isCurrent: (term) => this.#raw.role === "leader" && this.#raw.currentTerm === term,
    });
    this.#driver = new Driver(raw, storage, clock, this.#driverOwner());
  }

  // ── what others may know ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Read-only; never keep it across turns. */
  get core(): Omit<RawNode, "step" | "takeReady"> {
    return this.#raw;
  }

  get region(): RegionId {
    return this.#options.region;
  }

  get id(): NodeId {
    return this.#options.raft.id;
  }

  get storage(): RaftStorage {
    return this.#options.storage;
  }

  /** The log as it stands, for audits and inspection (S103). */
  get auditTrail(): { readonly first: number; readonly last: number; entries(first: number, last: number): readonly Entry[] } {
    const raw = this.#raw;
    return { first: raw.snapshotIndex + 1, last: raw.lastIndex, entries: (first, last) => raw.entriesBetween(first, last) };
  }

  /** CORRUPT: its state is not that of the others, so it applies, answers and says nothing any more. */
  get divergence(): RaftctlError | undefined {
    return this.#stopped?.code === "CORRUPT" ? this.#stopped : undefined;
  }

  /** ms since this node last heard a leader of its term; 0 on the leader. */
  get leaderContactAge(): number | undefined {
    if (this.#raw.role === "leader") return 0;
    const heard = this.#driver.lastLeaderContact;
    return heard === undefined ? undefined : this.#options.clock.now() - heard;
  }

  get deadline(): number {
    return Math.min(this.#raw.deadline, this.#sweepAt);
  }

  // ── what a leader can be asked ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Leader only. NOT_LEADER and BUSY mean that nothing was done; UNKNOWN_OUTCOME that it may have been. */
  propose(command: Uint8Array, options: WriteOptions): Promise<Proposed> {
    const trace = options.trace === true ? this.traces.begin() : undefined;
    const data = this.#stopped ?? this.#gate.closed() ?? this.#options.admit?.(command) ?? command;
    if (data instanceof RaftctlError) return Promise.reject(data);
    trace?.admitted();
    return new Promise((resolve, reject) => {
      const ticket = this.#nextTicket++;
      const deadline = this.#options.clock.now() + options.timeoutMs;
      this.#proposals.add(ticket, { waitFor: options.waitFor, deadline, resolve, reject, trace });
      this.#driver.enqueue({ kind: "propose", ticket, data });
    });
  }

  /** Resolves with an index that this node has applied and that is no older than the call (diss. §6.4). Leader only; S110, S111. */
  readIndex(timeoutMs: number): Promise<number> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
    return this.#reads.join(this.#options.clock.now() + timeoutMs, () => this.#driver.scheduleTurn());
  }

  /** Resolves once an entry of this leader's own term is committed: before that it serves no read (§8, S110). */
  async ensureConsistency(timeoutMs: number): Promise<void> {
    await this.readIndex(timeoutMs);
  }

  /** Resolves when a majority has answered a round of heartbeats begun after the call; rejects on a deposed leader (S111). */
  async forceReplication(): Promise<number> {
    const answer = await this.#operate((ticket) => ({ kind: "forceReplication", ticket }));
    assert(answer.kind === "replicated", "a forced round is answered as replicated");
    return answer.index;
  }

  async changeMembership(change: MembershipChange): Promise<number> {
    const answer = await this.#operate((ticket) => ({ kind: "changeMembership", ticket, change }));
    assert(answer.kind === "membershipChanged", "a membership change is answered as changed");
    return answer.index;
  }

  async transferLeadership(target: NodeId | undefined): Promise<NodeId> {
    const answer = await this.#operate((ticket) => ({ kind: "transferLeadership", ticket, target }));
    assert(answer.kind === "leadershipTransferred", "a transfer is answered as transferred");
    return answer.leader;
  }

  // ── what any member can be asked ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** S119. */
  waitForCommit(index: number, timeoutMs: number): Promise<number> {
    if (this.#raw.commitIndex >= index) return Promise.resolve(this.#raw.commitIndex);
    return this.#wait(() => this.#milestones.untilCommitted(index, timeoutMs));
  }

  waitForApplied(index: number, timeoutMs: number): Promise<number> {
    if (this.#raw.lastApplied >= index) return Promise.resolve(this.#raw.lastApplied);
    return this.#wait(() => this.#milestones.untilApplied(index, timeoutMs));
  }

  /** The leader, as soon as one is known. Rejects with NO_LEADER when none is in time. */
  waitForLeader(timeoutMs: number): Promise<NodeId | undefined> {
    if (this.#raw.leader !== undefined) return Promise.resolve(this.#raw.leader);
    return this.#wait(() => this.#milestones.untilLeader(timeoutMs));
  }

  /** A single voter need not wait for its election timeout. */
  campaign(): void {
    this.#driver.enqueue({ kind: "campaign" });
  }

  /** It holds everything applied so far. A rejection other than NO_SPACE and BUSY also stops the node. */
  takeSnapshot(trailingEntries?: number): Promise<void> {
    return this.#orStop(this.#snapshotter.take(trailingEntries));
  }

  set compaction(policy: CompactionPolicy) {
    this.#snapshotter.policy = policy;
  }

  /** The host's timer fired. */
  tick(): void {
    this.#driver.tick();
  }

  stop(): void {
    this.#halt(new RaftctlError("STOPPED", "this node is stopping"));
  }

  // ── what the driver tells ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #driverOwner(): DriverOwner {
    return {
      messenger: this.#messenger,
      admits: (proposal) => this.#gate.admits(proposal),
      gathered: () => this.#gatheredRead(),
      answered: (answer) => this.#answer(answer),
      committed: (commitIndex, entries) => {
        this.#proposals.committed(entries);
        this.#milestones.committed(commitIndex);
      },
      applied: (entries, results) => this.#applied(entries, results),
      installed: (index) => this.#installed(index),
      transfer: (transfer) => this.stateTransfers.start(transfer),
      observed: (event) => this.#observe(event),
      swept: (now) => this.#sweep(now),
      turned: () => {
        this.moments.look();
        if (this.traces.following) this.traces.look();
        if (this.#reads.unbegun) this.#driver.scheduleTurn();
        this.#armSweep();
        this.#options.onDeadline();
      },
      fatal: (error) => this.#fatal(error),
    };
  }

  #gatheredRead(): Input | undefined {
    return this.#reads.begin(this.#nextTicket) ? { kind: "read", ticket: this.#nextTicket++ } : undefined;
  }

  #applied(entries: readonly Entry[], results: readonly (Uint8Array | undefined)[]): void {
    const { index } = entries.at(-1)!;
    this.#proposals.applied(entries, results);
    this.#gate.applied(index);
    this.#reads.applied(index);
    this.#milestones.applied(index);
    this.#audit.applied();
    if (this.#snapshotter.applied(entries)) this.#orStop(this.#snapshotter.takeOrJoin()).catch(alreadyReported);
  }

  #installed(index: number): void {
    this.#proposals.covered(index);
    this.moments.installed(index);
    this.#reads.applied(index);
    this.#milestones.applied(index);
  }

  #sweep(now: number): void {
    this.#sweepAt = Number.POSITIVE_INFINITY;
    this.#proposals.expire(now);
    this.#gate.reconsider();
    this.#reads.expire(now, () => new RaftctlError("NO_LEADER", "no majority confirmed the read in time"));
    this.#milestones.expire(now);
  }

  #answer(answer: Answer): void {
    if (answer.kind === "appended") return this.#proposals.appended(answer.ticket, answer.index, answer.term);
    if (answer.kind === "readable") return this.#reads.confirmed(answer.ticket, answer.index, this.#raw.lastApplied);
    if (this.#operations.answered(answer) || answer.kind !== "refused") return;
    const error = refusalError(answer);
    if (!this.#proposals.refused(answer.ticket, error)) this.#reads.refused(answer.ticket, error);
  }

  #observe(event: RaftEvent): void {
    if (event.kind === "logTruncated") this.#proposals.truncated(event.fromIndex);
    if (event.kind === "logTruncated") this.moments.truncated(event.fromIndex);
    if (event.kind === "leaderChanged") this.#milestones.leaderChanged(event.leader);
    if (event.kind === "roleChanged" && event.role !== "leader") {
      this.#proposals.limit(this.#options.clock.now() + this.#options.raft.electionTimeout / 2);
    }
    this.#options.onEvent(event);
  }

  // ── inside ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #operate(input: (ticket: Ticket) => Input): Promise<Answer> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
    const ticket = this.#nextTicket++;
    const answered = this.#operations.wait(ticket);
    this.#driver.enqueue(input(ticket));
    return answered;
  }

  #wait<T>(begin: () => Promise<T>): Promise<T> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
    const { waitingMax } = this.#options;
    if (this.#milestones.waiting >= waitingMax) return Promise.reject(new RaftctlError("BUSY", `${waitingMax} requests are waiting already`));
    const waiting = begin();
    this.#armSweep();
    this.#options.onDeadline();
    return waiting;
  }

  #armSweep(): void {
    const waiting = this.#proposals.waiting + this.#reads.waiting + this.#milestones.waiting;
    if (this.#sweepAt === Number.POSITIVE_INFINITY && waiting > 0) this.#sweepAt = this.#options.clock.now() + sweepInterval;
  }

  async #orStop(snapshot: Promise<void>): Promise<void> {
    try {
      await snapshot;
    } catch (thrown) {
      const error = toRaftctlError(thrown);
      // A full disk, or too many readers, delay compaction and harm nobody; anything else on the way of a durable file is fatal (fsyncgate).
      if (error.code === "NO_SPACE" || error.code === "BUSY") this.#options.logger.warn({ reason: error.message }, "could not take a snapshot; trying again later");
      else this.#fatal(error);
      throw thrown;
    }
  }

  #fatal(error: Error): void {
    if (this.#stopped !== undefined) return;
    this.#halt(new RaftctlError("STOPPED", `this node stops: ${error.message}`, { cause: error }));
    this.#options.onFatal(error);
  }

  /** The process goes on: what is wrong can be looked at. */
  #diverged(error: RaftctlError): void {
    this.#options.logger.error({ reason: error.message }, "the state of this node is not that of the others");
    this.#halt(error);
  }

  #halt(reason: RaftctlError): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = reason;
    this.#driver.stop();
    this.stateTransfers.stop();
    this.#audit.stop();
    this.#messenger.stop();
    this.#proposals.failAll(reason);
    this.#reads.failAll(reason);
    this.#milestones.failAll(reason);
    this.#operations.failAll(reason);
  }
}

function alreadyReported(): void {
  // Logged, or the node stops.
}

/** Deadlines of waiters are looked at this often while anybody waits, ms. */
const sweepInterval = 50;

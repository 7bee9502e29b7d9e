// Reads and writes on any member (S117): finds the leader, hands what only a leader can do to it, at most one hop (S83), and says honestly how it
// ended. A call waits less than two election timeouts for a leader to appear, and a forwarded write whose answer does not come is UNKNOWN_OUTCOME.

import type { Clock } from "../base/clock.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { mark } from "../base/mark.ts";
import type { AdminRpc, ProposeRpc, ReadIndexRpc } from "../wire/peer-protocol.ts";
import type { Proposed, WriteOptions } from "./proposals.ts";
import type { Raft } from "./region.ts";
import { Standstill } from "./standstill.ts";
import { noLeader, removed } from "./status.ts";
import type { RaftClusterMember } from "./transport.ts";

/** A leader that fails is replaced within one and a half of them, as a rule; whoever waits is answered before two are over. */
const patienceElectionTimeouts = 1.9;
/** While leadership changes a call is tried again this often, ms. */
const retryMs = 10;

export interface Outcome extends Proposed {
  /** Set when another node led. */
  readonly forwardedTo: NodeId | undefined;
}

export class LeaderGateway {
  /** Set once this node knows that it was removed from the region, at this index: then it says so instead of that there is no leader. */
  removedAt: number | undefined;
  readonly #raft: Raft;
  readonly #network: RaftClusterMember;
  readonly #electionTimeout: number;
  readonly #clock: Clock;
  readonly #standstill: Standstill;
  /** A leader's reads: those that share a round share what is done when it is refused. */
  #round: { readonly asked: Promise<number>; readonly answered: Promise<number> } | undefined;
  /** Followers' reads: those that wait while one is asked share the next question. */
  #asking: Promise<number> | undefined;
  #next: Promise<number> | undefined;

  constructor(raft: Raft, network: RaftClusterMember, timing: { readonly clock: Clock; readonly electionTimeout: number }) {
    this.#raft = raft;
    this.#network = network;
    this.#clock = timing.clock;
    this.#electionTimeout = timing.electionTimeout;
    this.#standstill = new Standstill(timing.clock, timing.electionTimeout);
  }

  /** What was surely not appended, because leadership was changing, is sent again until there is a leader. */
  propose(command: Uint8Array, options: WriteOptions): Promise<Outcome> {
    const giveUp = this.#giveUpAt(options.timeoutMs);
    if (this.#raft.core.role !== "leader") return this.#proposeAnywhere(command, options, giveUp);
    return this.#raft.propose(command, options).then(ledHere, (error: unknown) => {
      if (!leadershipChanges(error)) throw error;
      mark("gateway-proposal-retried-leadership-changes");
      return this.#proposeAnywhere(command, options, giveUp);
    });
  }

  /** Resolves when a linearizable read may be served from this node's state machine. */
  readable(timeoutMs: number): Promise<number> {
    if (this.#raft.core.role !== "leader") return this.#readableAnywhere(timeoutMs, this.#giveUpAt(timeoutMs));
    const round = this.#raft.readIndex(timeoutMs);
    if (this.#round?.asked !== round) this.#round = { asked: round, answered: this.#guard(round, timeoutMs) };
    return this.#round.answered;
  }

  /** As `readable`; while this node holds the leader's lease it asks nobody (raft/lease.ts). */
  readableByLease(timeoutMs: number): Promise<number> {
    const { core, divergence } = this.#raft;
    if (divergence !== undefined) return Promise.reject(divergence);
    // The clock is read after the read was asked: whatever holds this process up from here on, what it has applied by then was the newest at this moment.
    const now = this.#clock.now();
    const index = this.#standstill.isSuspected(now) ? undefined : core.leaseIndex(now);
    if (index === undefined) return this.readable(timeoutMs);
    if (core.lastApplied < index) mark("gateway-lease-read-waits-for-the-state");
    return this.#raft.waitForApplied(index, timeoutMs);
  }

  /** Rare requests that the leader must answer; `here` is called when this node leads. */
  async administer<T>(rpc: Pick<AdminRpc, "method" | "params" | "timeoutMs">, here: () => Promise<T>): Promise<T> {
    const leader = await this.#leader(rpc.timeoutMs);
    if (leader === this.#raft.id) return here();
    const response = await this.#network.admin(leader, { type: "admin", hops: 1, ...rpc }, { timeoutMs: rpc.timeoutMs });
    return response.result as T;
  }

  /** As `administer`, for what may be asked again whatever became of it: while leadership changes it is, until there is a leader. */
  administerAgain<T>({ timeoutMs, ...rpc }: Pick<AdminRpc, "method" | "params" | "timeoutMs">, here: () => Promise<T>): Promise<T> {
    return this.#whileLeadershipChanges(this.#giveUpAt(timeoutMs), (patience) =>
      this.administer({ ...rpc, timeoutMs: Math.min(patience, this.#electionTimeout) }, here).catch((error: unknown) => {
        throw unansweredLeader(toRaftctlError(error), this.#raft.core.leader);
      }));
  }

  // ── what a follower handed to us ──────────────────────────────────────────────────────────────────────────────────────────────────

  async proposeForwarded(rpc: ProposeRpc): Promise<Proposed> {
    this.#refuseSecondHop();
    return this.#raft.propose(rpc.command, rpc);
  }

  async readIndexForwarded(rpc: ReadIndexRpc): Promise<number> {
    this.#refuseSecondHop();
    return this.#raft.readIndex(rpc.timeoutMs);
  }

  #refuseSecondHop(): void {
    if (this.#raft.core.role !== "leader" || this.#raft.divergence !== undefined) {
      mark("gateway-second-hop-refused");
      throw new RaftctlError("NOT_LEADER", "this node was asked as the leader and is not; a request is handed on only once");
    }
  }

  // ── on the way to the leader ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #giveUpAt(timeoutMs: number): number {
    return this.#clock.now() + Math.min(timeoutMs, patienceElectionTimeouts * this.#electionTimeout);
  }

  #proposeAnywhere(command: Uint8Array, options: WriteOptions, giveUp: number): Promise<Outcome> {
    return this.#whileLeadershipChanges(giveUp, (patience) =>
      this.#raft.core.role === "leader" ? this.#raft.propose(command, options).then(ledHere) : this.#forwardPropose(command, options, patience));
  }

  #readableAnywhere(timeoutMs: number, giveUp: number): Promise<number> {
    return this.#whileLeadershipChanges(giveUp, (patience) => (this.#raft.core.role === "leader" ? this.#raft.readIndex(timeoutMs) : this.#joinQuestion(patience)));
  }

  #guard(round: Promise<number>, timeoutMs: number): Promise<number> {
    const giveUp = this.#giveUpAt(timeoutMs);
    return round.catch((error: unknown) => {
      if (!leadershipChanges(error)) throw error;
      mark("gateway-read-retried-leadership-changes");
      return this.#readableAnywhere(timeoutMs, giveUp);
    });
  }

  async #forwardPropose(command: Uint8Array, options: WriteOptions, patience: number): Promise<Outcome> {
    const leader = await this.#leader(patience);
    if (leader === this.#raft.id) {
      mark("gateway-forwarding-node-leads-by-now");
      return this.#raft.propose(command, options).then(ledHere);
    }
    const rpc: ProposeRpc = { type: "propose", hops: 1, waitFor: options.waitFor, timeoutMs: options.timeoutMs, command, ...(options.trace === true && { trace: true }) };
    // A leader that stays silent for an election timeout has been replaced or is about to be.
    const timeoutMs = Math.min(patience, this.#electionTimeout);
    try {
      const { index, term, result } = await this.#network.propose(leader, rpc, { timeoutMs });
      return { index, term, result, forwardedTo: leader };
    } catch (error) {
      throw forwardedWriteError(toRaftctlError(error), leader);
    }
  }

  async #whileLeadershipChanges<T>(giveUp: number, attempt: (patience: number) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await attempt(Math.max(1, Math.ceil(giveUp - this.#clock.now())));
      } catch (error) {
        if (!leadershipChanges(error)) throw error;
        if (this.#clock.now() >= giveUp) {
          mark("gateway-patience-ended");
          throw this.#noLeader();
        }
        mark("gateway-tries-again");
        await new Promise<void>((resolve) => void this.#clock.at(this.#clock.now() + retryMs, resolve));
      }
    }
  }

  #joinQuestion(timeoutMs: number): Promise<number> {
    if (this.#asking === undefined) return (this.#asking = this.#ask(timeoutMs));
    mark("gateway-follower-reads-share-a-question");
    this.#next ??= this.#asking.then(ignore, ignore).then(() => this.#askNext(timeoutMs));
    return this.#next;
  }

  #askNext(timeoutMs: number): Promise<number> {
    this.#next = undefined;
    return (this.#asking = this.#ask(timeoutMs));
  }

  async #ask(timeoutMs: number): Promise<number> {
    try {
      const leader = await this.#leader(timeoutMs);
      if (leader === this.#raft.id) {
        mark("gateway-asking-node-leads-by-now");
        return await this.#raft.readIndex(timeoutMs);
      }
      const rpc: ReadIndexRpc = { type: "readIndex", timeoutMs };
      const asked = this.#network.readIndex(leader, rpc, { timeoutMs: Math.min(timeoutMs, this.#electionTimeout) });
      const { index } = await asked.catch((error: unknown) => {
        throw forwardedReadError(toRaftctlError(error), leader);
      });
      return await this.#raft.waitForApplied(index, timeoutMs);
    } finally {
      this.#asking = undefined;
    }
  }

  async #leader(timeoutMs: number): Promise<NodeId> {
    const { divergence } = this.#raft;
    if (divergence !== undefined) throw divergence;
    const known = this.#raft.core.leader;
    if (known !== undefined) return known;
    mark("gateway-waits-for-a-leader");
    const leader = await this.#raft.waitForLeader(Math.min(timeoutMs, patienceElectionTimeouts * this.#electionTimeout)).catch((error: unknown) => {
      if (toRaftctlError(error).code === "NO_LEADER") return undefined;
      throw error;
    });
    if (leader === undefined) {
      mark("gateway-no-leader-appeared");
      throw this.#noLeader();
    }
    return leader;
  }

  #noLeader(): RaftctlError {
    return this.removedAt === undefined ? noLeader(this.#raft) : removed(this.removedAt);
  }
}

function ledHere(proposed: Proposed): Outcome {
  return { index: proposed.index, term: proposed.term, result: proposed.result, forwardedTo: undefined };
}

/** Nothing was done, and another try may find the next leader. */
function leadershipChanges(error: unknown): boolean {
  return error instanceof RaftctlError && error.code === "NOT_LEADER";
}

/** What surely never reached a log keeps its code; the rest may have been written. */
function forwardedWriteError(error: RaftctlError, leader: NodeId): RaftctlError {
  const sent = error.details?.["sent"] !== false;
  if ((error.code === "CONNECTION_LOST" || error.code === "TIMEOUT") && sent) {
    mark("gateway-write-outcome-unknown");
    return new RaftctlError("UNKNOWN_OUTCOME", `the leader ${leader} did not answer: the write may or may not have been applied (${error.message})`, { cause: error });
  }
  if (error.code === "UNREACHABLE" || error.code === "CONNECTION_LOST") {
    mark("gateway-write-never-sent");
    return unreachableLeader(leader, error);
  }
  return error;
}

/** A read may be asked again whatever became of it. */
function forwardedReadError(error: RaftctlError, leader: NodeId): RaftctlError {
  const lost = error.code === "UNREACHABLE" || error.code === "CONNECTION_LOST" || error.code === "TIMEOUT";
  if (lost) mark("gateway-read-got-no-answer");
  return lost ? unreachableLeader(leader, error) : error;
}

function unansweredLeader(error: RaftctlError, leader: NodeId | undefined): RaftctlError {
  return leader === undefined ? error : forwardedReadError(error, leader);
}

/** The node that led is gone: another one will lead, or none. */
function unreachableLeader(leader: NodeId, cause: RaftctlError): RaftctlError {
  return new RaftctlError("NOT_LEADER", `the leader ${leader} cannot be reached: ${cause.message}; nothing was done`, { cause, details: { leader } });
}

function ignore(): void {
  // Whoever asked before has been told; the next question does not depend on its answer.
}

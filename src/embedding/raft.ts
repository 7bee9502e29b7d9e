// Raft for a program of its own: a state machine that several processes (or several parts of one) agree on, with no daemon, no file and no socket. A node
// is a region of the host (host/region.ts) with friendlier words around it: commands and answers are the program's own types, any node takes any call and
// hands on to the leader what only a leader can do, and time, timers and logging have defaults.
//
// `D` is a command, `R` what executing it gives, `E` what the application refuses it with.

import type { Clock } from "../base/clock.ts";
import { crc32 } from "../base/crc.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import { globalRegion, nodeIdFromBigint, parseNodeId, type NodeId, type RegionId } from "../base/ids.ts";
import { silentLogger } from "../base/logger.ts";
import { untilAborted } from "../base/until-aborted.ts";
import { Host, type AdminHandler, type HostedRegion } from "../host/host.ts";
import type { Raft as Region } from "../host/region.ts";
import { SystemClock } from "../platform/system-clock.ts";
import type { LogPosition } from "../raft/entry.ts";
import { emptyMembership, type Membership, type MembershipChange } from "../raft/membership.ts";
import type { RaftStatus } from "../raft/status.ts";
import { limits } from "../wire/limits.ts";
import { admit, askToJoin, askToVote, joinMethod, promoteMethod, votersOf } from "./admission.ts";
import { Formation, foundersOf, greetingMethod } from "./formation.ts";
import { checkOptions, type MemberNetwork, type RaftNodeOptions } from "./options.ts";
import { regionSettings } from "./settings.ts";
import { jsonCodec, type Codec, type Outcome } from "./state-machine.ts";
import { VolatileStorage } from "./volatile-storage.ts";

export interface CallOptions {
  /** By default the node's. */
  readonly timeoutMs?: number;
  /** Gives up waiting; it takes nothing back. */
  readonly signal?: AbortSignal;
}

export interface ProposeOptions extends CallOptions {
  /** When to answer: once it is in a majority of logs, or once it is also executed (the default; only then there is an outcome). */
  readonly waitFor?: "committed" | "applied";
}

/** The answer to a command, and where the command stands in the log. */
export type Executed<R, E> = LogPosition & Outcome<R, E>;

export class Raft<D, R = void, E = never> {
  readonly id: NodeId;
  readonly #hosted: HostedRegion;
  readonly #host: Host;
  readonly #network: MemberNetwork;
  readonly #codec: Codec;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #stopped = new AbortController();

  /**
   * Resolves when the node takes part: founders when all of them have met, so start them together; a newcomer when a leader has let it in.
   * @throws INVALID_ARGUMENT; INCARNATION_REFUSED for a founder that has lost its memory; CANCELLED when `signal` said so
   */
  static async start<D, R = void, E = never>(options: RaftNodeOptions<D, R, E>): Promise<Raft<D, R, E>> {
    checkOptions(options);
    const clock = options.clock ?? new SystemClock();
    const id = "id" in options ? parseNodeId(options.id) : unusedId();
    const founders = "founders" in options ? foundersOf(id, options.founders) : undefined;
    const member = options.network(id);
    const { signal, logger = silentLogger } = options;
    const formation = founders && new Formation({ id, founders, incarnation: unusedId(), network: member.network.forGroup(globalRegion), clock, signal, logger });
    const host: Host = new Host(clock, administration(() => [...host.regions][0], formation));
    await member.start(host.receiver);
    try {
      const region = await regionToServe(options, { id, member, formation, clock });
      const settings = regionSettings(options, { id, seed: Number(BigInt(unusedId()) >> 16n), clock });
      const hosted = await host.open({ ...settings, region, network: member.network.forGroup(region), storage: storageOf(options), crc32 });
      const raft = new Raft<D, R, E>({ id, host, hosted, member, clock }, options);
      if ("join" in options) void askToVote(hosted.raft, hosted.gateway, { clock, stopped: raft.#stopped.signal });
      return raft;
    } catch (error) {
      host.stop();
      await member.stop();
      throw error;
    }
  }

  private constructor(parts: { id: NodeId; host: Host; hosted: HostedRegion; member: MemberNetwork; clock: Clock }, { codec, timeoutMs }: Pick<RaftNodeOptions<D, R, E>, "codec" | "timeoutMs">) {
    this.id = parts.id;
    this.#host = parts.host;
    this.#hosted = parts.hosted;
    this.#network = parts.member;
    this.#clock = parts.clock;
    this.#codec = codec ?? jsonCodec;
    this.#timeoutMs = timeoutMs ?? 5_000;
  }

  // ── commands and reads, on any node ───────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Has a command executed on every node (S32: the one way to write). Rejects when it is certain that nothing was done, or, with UNKNOWN_OUTCOME, when it may
   * have been: the answer of a leader was lost, or `signal` ended the wait. What the application refuses is an answer, not a rejection.
   */
  propose(command: D, options: ProposeOptions & { readonly waitFor: "committed" }): Promise<LogPosition>;
  propose(command: D, options?: ProposeOptions & { readonly waitFor?: "applied" }): Promise<Executed<R, E>>;
  async propose(command: D, options: ProposeOptions = {}): Promise<LogPosition | Executed<R, E>> {
    const { waitFor = "applied", timeoutMs = this.#timeoutMs, signal } = options;
    if (signal?.aborted === true) throw cancelled(signal);
    const data = this.#codec.encode(command);
    const proposed = this.#whileNobodyLeads((remainingMs) => this.#hosted.gateway.propose(data, { waitFor, timeoutMs: remainingMs }), { timeoutMs, signal });
    const { index, term, result } = await untilAborted(proposed, signal, () => new RaftctlError("UNKNOWN_OUTCOME", "the caller gave up waiting: the command may or may not be executed", { cause: signal?.reason }));
    if (waitFor === "committed") return { index, term };
    return { index, term, ...(this.#codec.decode(result) as Outcome<R, E>) };
  }

  /**
   * Resolves once this node's state machine holds everything that was acknowledged anywhere before the call: what is read from it then, in the same turn, is
   * linearizable (diss. §6.4). Answers the index that it stands at, at least.
   */
  readable({ timeoutMs = this.#timeoutMs, signal }: CallOptions = {}): Promise<number> {
    if (signal?.aborted === true) return Promise.reject(cancelled(signal));
    const readable = this.#whileNobodyLeads((remainingMs) => this.#hosted.gateway.readable(remainingMs), { timeoutMs, signal });
    return untilAborted(readable, signal, () => cancelled(signal!));
  }

  /** Resolves with the commit index once it is at least this (S119). */
  waitForCommit(index: number, timeoutMs = this.#timeoutMs): Promise<number> {
    return this.#region.waitForCommit(index, timeoutMs);
  }

  waitForApplied(index: number, timeoutMs = this.#timeoutMs): Promise<number> {
    return this.#region.waitForApplied(index, timeoutMs);
  }

  // ── leadership and members ────────────────────────────────────────────────────────────────────────────────────────────────────────

  get isLeader(): boolean {
    return this.#region.core.role === "leader";
  }

  /** As far as this node knows. */
  get leader(): NodeId | undefined {
    return this.#region.core.leader;
  }

  /** Rejects with NO_LEADER when none is known in time. */
  async waitForLeader(timeoutMs = this.#timeoutMs): Promise<NodeId | undefined> {
    return this.#region.waitForLeader(timeoutMs);
  }

  get membership(): Membership {
    return this.#region.core.membership;
  }

  /** Leader only. Resolves with the index at which the change is complete. */
  changeMembership(change: MembershipChange): Promise<number> {
    return this.#region.changeMembership(change);
  }

  /** Leader only: to the member that is named, or to the one that is furthest. */
  transferLeadership(target?: string): Promise<NodeId> {
    return this.#region.transferLeadership(target === undefined ? undefined : parseNodeId(target));
  }

  /** Leader only: resolves once an entry of its own term is committed (S110). */
  ensureConsistency(timeoutMs = this.#timeoutMs): Promise<void> {
    return this.#region.ensureConsistency(timeoutMs);
  }

  /** Leader only: resolves when a majority has answered a round begun after the call (S111). */
  forceReplication(): Promise<number> {
    return this.#region.forceReplication();
  }

  // ── to look at ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  status(): RaftStatus {
    return this.#region.core.status();
  }

  /** The log as it stands (S103); the program's commands are `codec`'s bytes in `data`. */
  get auditTrail(): Region["auditTrail"] {
    return this.#region.auditTrail;
  }

  /** Takes a snapshot now, and forgets the log before it. */
  takeSnapshot(): Promise<void> {
    return this.#region.takeSnapshot();
  }

  /** Calls under way reject with STOPPED. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#host.stop();
    await this.#network.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** The gateway waits less than two election timeouts for a leader, then says NO_LEADER: nothing was done. The caller's own patience may be longer. */
  async #whileNobodyLeads<T>(attempt: (remainingMs: number) => Promise<T>, { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal | undefined }): Promise<T> {
    if (!(timeoutMs > 0 && timeoutMs <= limits.timeoutMsMax)) {
      throw new RaftctlError("INVALID_ARGUMENT", `a timeout of ${timeoutMs} ms: want more than 0 and at most ${limits.timeoutMsMax}`);
    }
    const giveUp = this.#clock.now() + timeoutMs;
    for (;;) {
      try {
        return await attempt(Math.max(1, Math.ceil(giveUp - this.#clock.now())));
      } catch (thrown) {
        const isOver = this.#clock.now() >= giveUp || signal?.aborted === true;
        if (isOver || toRaftctlError(thrown).code !== "NO_LEADER") throw thrown;
      }
    }
  }

  get #region(): Region {
    return this.#hosted.raft;
  }
}

interface Arrival {
  readonly id: NodeId;
  readonly member: MemberNetwork;
  readonly formation: Formation | undefined;
  readonly clock: Clock;
}

async function regionToServe(options: RaftNodeOptions<never, unknown, unknown>, { id, member, formation, clock }: Arrival): Promise<RegionId> {
  if (formation !== undefined) return formation.gather();
  if (!("join" in options)) return globalRegion;
  const contacts = options.join.map(parseNodeId);
  return askToJoin({ id, address: options.address, contacts, network: member.network, clock, signal: options.signal });
}

function storageOf(options: RaftNodeOptions<never, unknown, unknown>) {
  if ("storage" in options) return options.storage;
  const founding = "founders" in options ? votersOf(foundersOf(options.id, options.founders)) : emptyMembership;
  return new VolatileStorage(options.machine, options.codec ?? jsonCodec, founding);
}

/** The rare requests that nodes make of each other. */
function administration(hosted: () => HostedRegion | undefined, formation: Formation | undefined): AdminHandler {
  return async (from, _region, { method, params, timeoutMs, hops }) => {
    if (method === greetingMethod && formation !== undefined) return formation.greeted(from, params);
    if (method !== joinMethod && method !== promoteMethod) throw new RaftctlError("BAD_REQUEST", `an embedded node does not know ${JSON.stringify(method)}`);
    const serving = hosted();
    if (serving === undefined) throw new RaftctlError("NOT_READY", "this node does not take part yet");
    const here = () => admit(serving.raft, method, params);
    return hops > 0 ? here() : serving.gateway.administer({ method, params, timeoutMs }, here);
  };
}

function cancelled(signal: AbortSignal): RaftctlError {
  return new RaftctlError("CANCELLED", "the caller gave up before anything was sent", { cause: signal.reason });
}

/** From 64 random bits: nobody has had it before. */
function unusedId(): NodeId {
  const [id] = crypto.getRandomValues(new BigUint64Array(1));
  return nodeIdFromBigint(id! | 1n);
}

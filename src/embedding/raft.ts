// Raft for a program of its own: a state machine that several processes (or several parts of one) agree on, with no daemon, no file and no socket. A node
// is a region of the host (host/region.ts) with friendlier words around it: commands and answers are the program's own types, any node takes any call and
// hands on to the leader what only a leader can do, and time, timers and logging have defaults.
//
// `D` is a command, `R` what executing it gives, `E` what the application refuses it with.

import type { Clock } from "../base/clock.ts";
import { crc32 } from "../base/crc.ts";
import { RaftctlError } from "../base/errors.ts";
import { globalRegion, nodeIdFromBigint, parseNodeId, type NodeId, type RegionId } from "../base/ids.ts";
import { silentLogger } from "../base/logger.ts";
import { untilAborted } from "../base/until-aborted.ts";
import { Host, type AdminHandler, type HostedRegion } from "../host/host.ts";
import type { Raft as Region } from "../host/region.ts";
import { SystemClock } from "../platform/system-clock.ts";
import type { LogPosition } from "../raft/entry.ts";
import { emptyMembership, type Membership, type MembershipChange } from "../raft/membership.ts";
import type { RaftStatus } from "../raft/status.ts";
import { admit, askToJoin, askToVote, joinMethod, promoteMethod, votersOf } from "./admission.ts";
import { cancelled, limitsOf, untilDone, whileWaiting, type CallLimits, type CallOptions } from "./call-limits.ts";
import { deliver } from "./delivery.ts";
import { Formation, foundersOf, greetingMethod } from "./formation.ts";
import { checkOptions, type MemberNetwork, type RaftNodeOptions } from "./options.ts";
import { Requests, type EntrySession } from "./requests.ts";
import { regionSettings } from "./settings.ts";
import { jsonCodec, type Outcome } from "./state-machine.ts";
import { VolatileStorage } from "./volatile-storage.ts";

export interface ClientRequest<D> extends CallOptions {
  /** The command. */
  readonly entry: D;
  /** When to answer: once it is in a majority of logs, or once it is also executed (the default; only then there is an outcome). */
  readonly responseMode?: "committed" | "applied";
  /** The request's name, from `newSession` or from the details of an UNKNOWN_OUTCOME, to send the same entry again: it is executed once. */
  readonly session?: EntrySession | undefined;
}

/** The answer to a command, and where the command stands in the log. */
export type Executed<R, E> = LogPosition & Outcome<R, E>;

export class Raft<D, R = void, E = never> {
  readonly id: NodeId;
  readonly #hosted: HostedRegion;
  readonly #host: Host;
  readonly #network: MemberNetwork;
  readonly #requests: Requests;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #stopped: AbortController;

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
    const stopped = new AbortController();
    const onFatal = (error: Error): void => {
      stopped.abort(error);
      options.onFatal?.(error);
    };
    await member.start(host.receiver);
    try {
      const region = await regionToServe(options, { id, member, formation, clock });
      const settings = regionSettings({ ...options, onFatal }, { id, seed: Number(BigInt(unusedId()) >> 16n), clock });
      const hosted = await host.open({ ...settings, region, network: member.network.forGroup(region), storage: storageOf(options), crc32 });
      const raft = new Raft<D, R, E>({ id, host, hosted, member, clock, stopped }, options);
      if ("join" in options) void askToVote(hosted.raft, hosted.gateway, { clock, stopped: stopped.signal });
      return raft;
    } catch (error) {
      host.stop();
      await member.stop();
      throw error;
    }
  }

  private constructor(parts: { id: NodeId; host: Host; hosted: HostedRegion; member: MemberNetwork; clock: Clock; stopped: AbortController }, { codec, timeoutMs }: Pick<RaftNodeOptions<D, R, E>, "codec" | "timeoutMs">) {
    this.id = parts.id;
    this.#host = parts.host;
    this.#hosted = parts.hosted;
    this.#network = parts.member;
    this.#clock = parts.clock;
    this.#stopped = parts.stopped;
    this.#timeoutMs = timeoutMs ?? 5_000;
    const { gateway, raft: { core } } = parts.hosted;
    this.#requests = new Requests({ gateway, codec: codec ?? jsonCodec, clock: parts.clock, stopped: this.#stopped.signal, commitIndex: () => core.commitIndex });
  }

  // ── commands and reads, on any node ───────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Has a command executed once on every node: the one way to write (S32). While leaders change it is sent again, in a session, until `timeoutMs` is over. Rejects
   * when it is certain that nothing was done, or, with UNKNOWN_OUTCOME, when it may have been. What the application refuses is an answer, not a rejection.
   */
  client(request: ClientRequest<D> & { readonly responseMode: "committed" }): Promise<LogPosition>;
  client(request: ClientRequest<D> & { readonly responseMode?: "applied" }): Promise<Executed<R, E>>;
  async client({ entry, responseMode = "applied", session, ...options }: ClientRequest<D>): Promise<LogPosition | Executed<R, E>> {
    const callLimits = this.#limits(options);
    if (responseMode === "committed") return this.#requests.committed(entry, session, callLimits);
    const { index, term, outcome } = await this.#requests.applied(entry, session, callLimits);
    return { index, term, ...(outcome as Outcome<R, E>) };
  }

  /** A name for one request, which the program may keep before it sends it: whoever gives it to `client` again gets the first answer. */
  newSession(): EntrySession {
    return this.#requests.newSession();
  }

  /**
   * Resolves once this node's state machine holds everything that was acknowledged anywhere before the call: what is read from it then, in the same turn, is
   * linearizable (diss. §6.4). Answers the index that it stands at, at least.
   */
  async readable(options: CallOptions = {}): Promise<number> {
    const { timeoutMs, signal } = this.#limits(options);
    const attempt = (remainingMs: number): Promise<number> => this.#hosted.gateway.readable(remainingMs);
    const isGivenUp = (): boolean => this.#stopped.signal.aborted || signal?.aborted === true;
    const delivered = deliver({ attempt, clock: this.#clock, timeoutMs, isStamped: false, isGivenUp });
    return (await untilAborted(delivered, signal, () => cancelled(signal!))).answer;
  }

  /** Resolves with the commit index once it is at least this (S119). */
  async waitForCommit(index: number, options: CallOptions = {}): Promise<number> {
    return this.#wait(options, (timeoutMs) => this.#region.waitForCommit(index, timeoutMs));
  }

  async waitForApplied(index: number, options: CallOptions = {}): Promise<number> {
    return this.#wait(options, (timeoutMs) => this.#region.waitForApplied(index, timeoutMs));
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
  async waitForLeader(options: CallOptions = {}): Promise<NodeId | undefined> {
    return this.#wait(options, (timeoutMs) => this.#region.waitForLeader(timeoutMs));
  }

  get membership(): Membership {
    return this.#region.core.membership;
  }

  /** Leader only. Resolves with the index at which the change is complete. */
  async changeMembership(change: MembershipChange, options: CallOptions = {}): Promise<number> {
    const callLimits = this.#limits(options);
    return untilDone(this.#region.changeMembership(change), callLimits, this.#clock);
  }

  /** Leader only: to the member that is named, or to the one that is furthest. */
  async transferLeadership(target?: string, options: CallOptions = {}): Promise<NodeId> {
    const callLimits = this.#limits(options);
    return untilDone(this.#region.transferLeadership(target === undefined ? undefined : parseNodeId(target)), callLimits, this.#clock);
  }

  /** Leader only: resolves once an entry of its own term is committed (S110). */
  async ensureConsistency(options: CallOptions = {}): Promise<void> {
    return this.#wait(options, (timeoutMs) => this.#region.ensureConsistency(timeoutMs));
  }

  /** Leader only: resolves when a majority has answered a round begun after the call (S111). */
  async forceReplication(options: CallOptions = {}): Promise<number> {
    const callLimits = this.#limits(options);
    return whileWaiting(this.#region.forceReplication(), callLimits, this.#clock);
  }

  // ── to look at ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  status(): RaftStatus {
    return this.#region.core.status();
  }

  /** The log as it stands (S103); `decodeEntry` reads the `data` of a command. */
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

  #limits(options: CallOptions): CallLimits {
    return limitsOf(options, this.#timeoutMs);
  }

  #wait<T>(options: CallOptions, begin: (timeoutMs: number) => Promise<T>): Promise<T> {
    const { timeoutMs, signal } = this.#limits(options);
    return untilAborted(begin(timeoutMs), signal, () => cancelled(signal!));
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

/** From 64 random bits: nobody has had it before. */
function unusedId(): NodeId {
  const [id] = crypto.getRandomValues(new BigUint64Array(1));
  return nodeIdFromBigint(id! | 1n);
}

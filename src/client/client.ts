// The client of a cluster: `kv` for data, `admin` for operators. It connects when it is first used, to the first address that answers, and never
// spends more than its timeout on a call. It keeps no copy of the cluster's state: what it remembers is who answered, and who leads, as a hint.

import type { Clock } from "../base/clock.ts";
import { RaftctlError } from "../base/errors.ts";
import { globalRegion, globalRegionName } from "../base/ids.ts";
import type { RegionId } from "../base/ids.ts";
import { SystemClock } from "../platform/system-clock.ts";
import type { ProposeResponse, ReadResponse, WatchResponse } from "../wire/client-protocol.ts";
import { Admin } from "./admin.ts";
import type { Address, Dial, ServerIdentity } from "./channel.ts";
import { Connection } from "./connection.ts";
import type { CallOptions, Deadline } from "./deadline.ts";
import { dial } from "./dial.ts";
import { KeyValue } from "./kv.ts";
import { type Leader, leaderNow, leadersFromNow } from "./leader.ts";
import { Leases } from "./leases.ts";
import { listAndWatch, type ListedWatch } from "./list-and-watch.ts";
import type { Lock } from "./lock.ts";
import { Queue } from "./queue.ts";
import { SessionPool } from "./session.ts";
import { Sessions } from "./sessions.ts";
import { awaitTurn, type LockOptions, ownName, type TurnContext } from "./turn.ts";
import { Watch, type WatchContext, type WatchOptions, type WatchSelection } from "./watch.ts";
import { Writes } from "./writes.ts";

export interface ClientOptions {
  /** Path of a daemon's admin socket. */
  readonly socket?: string;
  /** host:port of client listeners, tried in order. One of `socket` and `endpoints` must be given. */
  readonly endpoints?: readonly string[];
  /** Limit of each call, ms; default 5000. */
  readonly timeoutMs?: number;
  /**
   * A write whose answer was lost is repeated in its session until this long after the call began, and is then UNKNOWN_OUTCOME, ms. Default 2000, twice the
   * default election timeout: by then a new leader has answered, or there is none.
   */
  readonly clearUpMs?: number;
  /** Default "global". */
  readonly region?: string;
  /** Who chose the addresses ("flag --endpoint"), for error messages. */
  readonly origin?: string;
  readonly dial?: Dial;
  readonly sessions?: SessionPool;
  /** For leases. */
  readonly clock?: Pick<Clock, "now" | "at">;
}

/** Who answered and how far it was; terms and indexes as strings. */
export interface ClientHeader {
  clusterId?: string;
  nodeId?: string;
  node?: string;
  region?: string;
  term?: string;
  index?: string;
  leader?: string;
}

const defaultTimeoutMs = 5000;
const defaultClearUpMs = 2000;

export class Client {
  readonly kv: KeyValue;
  readonly admin: Admin;
  readonly leases: Leases;
  readonly sessions: Sessions;
  /** Of a call that names no other. */
  readonly timeoutMs: number;
  readonly #connection: Connection;
  readonly #region: string;
  readonly #watchContext: WatchContext;
  readonly #turnContext: TurnContext;
  #latest: { term: number; index: number; leader: string | undefined } | undefined;

  constructor(options: ClientOptions) {
    this.#region = options.region ?? globalRegionName;
    this.timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    this.#connection = Connection.to({ addresses: addressesOf(options), dial: options.dial ?? dial, origin: options.origin ?? "the options" });
    const context = {
      connection: this.#connection,
      timeoutMs: this.timeoutMs,
      clearUpMs: options.clearUpMs ?? defaultClearUpMs,
      region: () => regionId(this.#region),
      observe: (response: ProposeResponse | ReadResponse | WatchResponse) => this.#observe(response),
      reached: (deadline: Deadline) => this.#reached(deadline),
    };
    const writes = new Writes(context, options.sessions ?? new SessionPool());
    this.kv = new KeyValue(context, writes);
    this.admin = new Admin(context);
    const clock = options.clock ?? new SystemClock();
    this.leases = new Leases({ ...context, clock }, { writes, admin: this.admin });
    this.sessions = new Sessions(new Writes(context, new SessionPool()), this.admin);
    this.#watchContext = { ...context, kv: this.kv };
    this.#turnContext = { timeoutMs: this.timeoutMs, clock, kv: this.kv, leases: this.leases, watch: (selection, watchOptions) => this.watch(selection, watchOptions) };
  }

  /** What changes from now on, or from `fromIndex` on; see docs/watch.md. It begins at once, not when it is first iterated. */
  watch(selection: WatchSelection, options: WatchOptions = {}): Watch {
    return new Watch(this.#watchContext, selection, options);
  }

  /** What there is, and a watch of everything that comes after it. */
  listAndWatch(selection: WatchSelection, options: Omit<WatchOptions, "fromIndex"> = {}): Promise<ListedWatch> {
    return listAndWatch(this.#watchContext, selection, options);
  }

  /** Resolves when this caller holds it, after all who asked before; see docs/locks.md. @param options.value what others see of the holder; default host:pid */
  async lock(name: string, { value = ownName(), ...options }: LockOptions & { readonly value?: string | undefined } = {}): Promise<Lock> {
    return awaitTurn(this.#turnContext, Queue.lock(name), value, options);
  }

  /** As `lock`: resolves when this candidate leads, and `value` is what observers are told. */
  async elect(name: string, value: string, options: LockOptions = {}): Promise<Lock> {
    return awaitTurn(this.#turnContext, Queue.election(name), value, options);
  }

  /** A linearizable read; undefined: nobody leads. */
  async leader(election: string, options: CallOptions = {}): Promise<Leader | undefined> {
    return leaderNow(this, Queue.election(election), options);
  }

  /** The leader now, and then at each change, for as long as the caller iterates; undefined while nobody leads. */
  leaders(election: string, options: { readonly signal?: AbortSignal | undefined } = {}): AsyncGenerator<Leader | undefined, void, undefined> {
    return leadersFromNow(this, Queue.election(election), options.signal);
  }

  /** The server of the latest connection; undefined before the first call. */
  get server(): ServerIdentity | undefined {
    return this.#connection.server;
  }

  header(): ClientHeader {
    const { server } = this;
    const latest = this.#latest;
    return {
      ...(server?.clusterId !== undefined && { clusterId: server.clusterId }),
      ...(server && { nodeId: server.nodeId, node: server.name, region: this.#region }),
      ...(latest && { term: String(latest.term), index: String(latest.index) }),
      ...(latest?.leader !== undefined && { leader: latest.leader }),
    };
  }

  /** Calls that are under way fail. */
  close(): void {
    this.#connection.close();
  }

  /** `using client = new Client(…)` closes it at the end of its block. */
  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** An index that the log of the region has reached, as was heard last. */
  async #reached(deadline: Deadline): Promise<number> {
    if (this.#latest !== undefined) return this.#latest.index;
    const { regions = [], committed = [] } = await this.#connection.open(deadline);
    return committed[regions.indexOf(regionId(this.#region))] ?? 0;
  }

  #observe(response: ProposeResponse | ReadResponse | WatchResponse): void {
    // A watch may be served by a node that is behind what was heard already.
    if (response.operation === "watch" && response.index < (this.#latest?.index ?? 0)) return;
    this.#latest = { term: response.term, index: response.index, leader: response.leader };
    this.#connection.hintLeader(response.leader);
  }
}

function addressesOf(options: ClientOptions): Address[] {
  if (options.socket !== undefined) return [{ socket: options.socket }];
  const addresses = (options.endpoints ?? []).map((endpoint) => ({ endpoint }));
  if (addresses.length === 0) throw new RaftctlError("INVALID_ARGUMENT", "a client needs a socket or at least one endpoint");
  return addresses;
}

function regionId(name: string): RegionId {
  if (name === globalRegionName) return globalRegion;
  throw new RaftctlError("UNKNOWN_GROUP", `no region ${JSON.stringify(name)}: this cluster has ${JSON.stringify(globalRegionName)}`);
}

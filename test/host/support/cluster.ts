// A cluster of real regions, hosts and gateways on a virtual clock, a network in memory and storages in memory. A node can be crashed and started
// again with what its storage held durably.

import type { Clock } from "../../../src/base/clock.ts";
import { crc32 } from "../../../src/base/crc.ts";
import type { NodeId } from "../../../src/base/ids.ts";
import { globalRegion } from "../../../src/base/ids.ts";
import { silentLogger, type Logger } from "../../../src/base/logger.ts";
import { Prng } from "../../../src/base/prng.ts";
import { Host, type AdminHandler } from "../../../src/host/host.ts";
import type { LeaderGateway } from "../../../src/host/leader-gateway.ts";
import type { RaftStorage } from "../../../src/host/raft-storage.ts";
import type { Raft, RegionOptions } from "../../../src/host/region.ts";
import type { CommandValidator } from "../../../src/host/validation.ts";
import type { CompactionPolicy } from "../../../src/host/snapshotter.ts";
import { emptyMembership, type Membership } from "../../../src/raft/membership.ts";
import type { RaftOptions } from "../../../src/raft/options.ts";
import type { RaftEvent } from "../../../src/raft/ready.ts";
import { bytes, idOf, votersOf } from "./members.ts";
import { MemoryRaftStorage, type StorageVariant } from "./memory-raft-storage.ts";
import { RaftStorageState } from "./memory-state.ts";
import { NetworkHub } from "./network-hub.ts";
import { VirtualClock } from "./virtual-clock.ts";

export const electionTimeout = 1_000;
export const heartbeatInterval = 100;
export const never: CompactionPolicy = { logBytes: 1e12, logBytesMax: 1e12, trailingEntries: 1_000, trailingBytes: 1e9 };

export interface ClusterOptions {
  readonly nodes?: number;
  readonly variant?: StorageVariant;
  readonly waitingMax?: number;
  readonly compaction?: CompactionPolicy;
  readonly raft?: Partial<RaftOptions>;
  readonly logger?: Logger;
  readonly administer?: (node: ClusterNode) => AdminHandler;
  /** Called at every boot of the node. */
  readonly validator?: (node: ClusterNode, clock: Clock) => CommandValidator;
}

export class ClusterNode {
  readonly id: NodeId;
  /** Timers that this node alone has armed. */
  timersArmed = 0;
  /** What to do when this node's region tells something. */
  onEvent: (event: RaftEvent) => void = () => undefined;
  /** What watches the membership on this node, as in a daemon. */
  readonly upkeep: { start(): void; observed(event: RaftEvent): void }[] = [];
  readonly events: RaftEvent[] = [];
  /** Its clocks against those of the world: how fast the monotonic one runs, and by how many ms each is behind. */
  readonly clock = { rate: 1, behindMs: 0, wallBehindMs: 0 };
  readonly fatal: Error[] = [];
  host!: Host;
  raft!: Raft;
  gateway!: LeaderGateway;
  storage: MemoryRaftStorage;

  constructor(id: NodeId, storage: MemoryRaftStorage) {
    this.id = id;
    this.storage = storage;
  }

  get commands(): readonly string[] {
    return this.storage.state.machine.commands;
  }
}

export function raftOptions(id: NodeId, changes: Partial<RaftOptions> = {}): RaftOptions {
  return {
    id, electionTimeout, heartbeatInterval, masterEligible: true, prng: new Prng(Number(id)),
    appendBytesMax: 64 * 1024, appendsInFlightMax: 8, applyBytesMax: 64 * 1024, uncommittedBytesMax: 1024 * 1024, ...changes,
  };
}

export class Cluster {
  readonly clock = new VirtualClock();
  readonly hub = new NetworkHub(this.clock);
  readonly nodes: ClusterNode[] = [];
  readonly #options: ClusterOptions;

  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const cluster = new Cluster(options);
    const numbers = Array.from({ length: options.nodes ?? 3 }, (_, position) => position + 1);
    for (const number of numbers) await cluster.add(idOf(number), votersOf(...numbers));
    return cluster;
  }

  /** Started, with a leader whose first entry is committed and applied everywhere. */
  static async led(options: ClusterOptions = {}): Promise<Cluster> {
    const cluster = await Cluster.start(options);
    await cluster.elect();
    return cluster;
  }

  private constructor(options: ClusterOptions) {
    this.#options = options;
  }

  /** A node that knows this membership; without one it waits to be contacted. */
  async add(id: NodeId, membership: Membership = emptyMembership): Promise<ClusterNode> {
    const node = new ClusterNode(id, new MemoryRaftStorage(this.#options.variant ?? "promises", new RaftStorageState(membership)));
    this.nodes.push(node);
    await this.boot(node);
    return node;
  }

  /** Starts the node on its storage, or on another one. */
  async boot(node: ClusterNode, storage: RaftStorage = node.storage): Promise<void> {
    const { administer, waitingMax, compaction, logger } = this.#options;
    const options: Omit<RegionOptions, "onDeadline"> = {
      region: globalRegion, raft: raftOptions(node.id, this.#options.raft), network: this.hub.networkOf(node.id).forGroup(globalRegion), storage,
      clock: this.clockOf(node), crc32, logger: logger ?? silentLogger, compaction: compaction ?? never, waitingMax: waitingMax ?? 1_000,
      onEvent: (event) => {
        node.events.push(event);
        node.onEvent(event);
        for (const part of node.upkeep) part.observed(event);
      },
      onFatal: (error) => node.fatal.push(error),
      validator: this.#options.validator?.(node, this.clockOf(node)),
    };
    node.host = new Host(options.clock, administer?.(node) ?? (() => Promise.reject(new Error("no administration here"))));
    const { raft, gateway } = await node.host.open(options);
    Object.assign(node, { raft, gateway });
    this.hub.attach(node.id, node.host.receiver);
  }

  /** Runs a part of the membership's upkeep on this node. */
  watch(node: ClusterNode, part: ClusterNode["upkeep"][number]): void {
    node.upkeep.push(part);
    part.start();
  }

  /** As the node sees it; counts the timers that it arms. */
  clockOf(node: ClusterNode): Clock {
    const { clock } = this;
    return {
      now: () => clock.now() * node.clock.rate - node.clock.behindMs,
      wallNow: () => clock.wallNow() - node.clock.wallBehindMs,
      endOfTurn: (call) => clock.endOfTurn(call),
      nextTurn: (call) => clock.nextTurn(call),
      at: (time, call) => {
        node.timersArmed += 1;
        return clock.at((time + node.clock.behindMs) / node.clock.rate, call);
      },
    };
  }

  crash(node: ClusterNode): void {
    this.hub.detach(node.id);
    node.host.stop();
    node.storage = node.storage.restarted();
  }

  async restart(node: ClusterNode): Promise<void> {
    this.crash(node);
    await this.boot(node);
  }

  node(id: NodeId | number): ClusterNode {
    return this.nodes.find((node) => node.id === String(id))!;
  }

  get leader(): ClusterNode {
    const leaders = this.nodes.filter(({ raft }) => raft.core.role === "leader");
    const newest = leaders.toSorted((left, right) => right.raft.core.currentTerm - left.raft.core.currentTerm)[0];
    if (newest === undefined) throw new Error("there is no leader");
    return newest;
  }

  get followers(): readonly ClusterNode[] {
    const { leader } = this;
    return this.nodes.filter((node) => node !== leader);
  }

  /** Waits for a leader among these nodes, whose first entry they have all applied. */
  async elect(among: readonly ClusterNode[] = this.nodes): Promise<ClusterNode> {
    const leads = (node: ClusterNode): boolean => node.raft.core.role === "leader" && node.raft.core.termCommitted;
    const followed = (leader: ClusterNode): boolean => among.every(({ raft }) => raft.core.leader === leader.id && raft.core.lastApplied >= leader.raft.core.commitIndex);
    await this.clock.until(() => among.some((node) => leads(node) && followed(node)), "a leader that all follow");
    return among.find(leads)!;
  }

  /** Applied on the leader. */
  async write(content: string, node: ClusterNode = this.leader): Promise<{ index: number; term: number; result: string }> {
    const outcome = await this.run(node.raft.propose(bytes(content), { waitFor: "applied", timeoutMs: 5_000 }));
    return { index: outcome.index, term: outcome.term, result: new TextDecoder().decode(outcome.result) };
  }

  /** Lets time pass until the promise has settled, and answers what it settled to. */
  async run<T>(promise: Promise<T>, withinMs = 60_000): Promise<T> {
    let settled = false;
    const done = (): void => void (settled = true);
    promise.then(done, done);
    await this.clock.until(() => settled, "the promise settles", withinMs);
    return promise;
  }

  /** Until every node that is given has applied all that the leader has committed. */
  async converge(among: readonly ClusterNode[] = this.nodes): Promise<void> {
    await this.clock.until(() => {
      const target = Math.max(...among.map(({ raft }) => raft.core.commitIndex));
      return among.every(({ raft }) => raft.core.lastApplied === target && raft.core.lastIndex >= target);
    }, "all nodes hold the same");
  }

  stop(): void {
    for (const { host } of this.nodes) host.stop();
  }
}

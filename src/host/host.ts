// All regions of this node: one controller that routes what peers send by region, shares one timer among all regions, and is the only one that
// holds them (S48). A region that is not here is answered UNKNOWN_GROUP.

import { emptyBytes } from "../base/bytes.ts";
import type { Clock, Timer } from "../base/clock.ts";
import { RaftctlError } from "../base/errors.ts";
import type { NodeId, RegionId } from "../base/ids.ts";
import type { AdminRpc, PeerCalls } from "../wire/peer-protocol.ts";
import type { RaftEvent } from "../raft/ready.ts";
import { LeaderGateway } from "./leader-gateway.ts";
import { type LeaseSource, Lessor } from "./lessor.ts";
import { Raft, type RegionOptions } from "./region.ts";
import type { RaftReceiver } from "./transport.ts";

export interface HostedRegion {
  readonly raft: Raft;
  readonly gateway: LeaderGateway;
  readonly lessor: Lessor;
  /** Counts since the start. */
  readonly traffic: Traffic;
}

export interface Traffic {
  /** Of entries and of snapshots, from peers. */
  bytesReceived: number;
}

export interface HostedRegionOptions extends Omit<RegionOptions, "onDeadline"> {
  /** Of the state machine; absent: it knows none. */
  readonly leases?: LeaseSource;
}

function noLeases(): LeaseSource {
  return { count: 0, get: () => undefined, all: () => [], expiryOf: () => emptyBytes, onChange: undefined };
}

/** Answers a rare request that a peer handed to us, or that a newcomer brought. */
export type AdminHandler = (from: NodeId | undefined, region: RegionId, rpc: AdminRpc) => Promise<unknown>;

export class Host {
  readonly #clock: Clock;
  readonly #administer: AdminHandler;
  readonly #regions = new Map<RegionId, HostedRegion>();
  #timer: { readonly time: number; readonly timer: Timer } | undefined;
  #stopped = false;

  constructor(clock: Clock, administer: AdminHandler) {
    this.#clock = clock;
    this.#administer = administer;
  }

  async open({ leases = noLeases(), ...options }: HostedRegionOptions): Promise<HostedRegion> {
    const { electionTimeout } = options.raft;
    const observed = (event: RaftEvent): void => {
      lessor.observed(event);
      options.onEvent(event);
    };
    const raft = await Raft.start({ ...options, onEvent: observed, onDeadline: () => this.#arm() });
    const lessor = new Lessor({ raft, leases, clock: this.#clock, logger: options.logger, electionTimeout });
    const gateway = new LeaderGateway(raft, options.network, { clock: this.#clock, electionTimeout });
    const hosted = { raft, gateway, lessor, traffic: { bytesReceived: 0 } };
    this.#regions.set(options.region, hosted);
    this.#arm();
    return hosted;
  }

  region(id: RegionId): HostedRegion {
    const hosted = this.#regions.get(id);
    if (hosted === undefined) throw new RaftctlError("UNKNOWN_GROUP", `region ${id} is not on this node`);
    return hosted;
  }

  get regions(): Iterable<HostedRegion> {
    return this.#regions.values();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.timer.cancel();
    for (const { raft, lessor } of this.#regions.values()) {
      lessor.stop();
      raft.stop();
    }
  }

  /** What the transport hands its messages to: one method per message type (S126, S129). */
  readonly receiver: RaftReceiver = {
    requestVote: async (from, region, rpc) => this.region(region).raft.inbox.requestVote(from, rpc),
    preVote: async (from, region, rpc) => this.region(region).raft.inbox.preVote(from, rpc),
    appendEntries: async (from, region, rpc) => this.#counting(region, (traffic) => (traffic.bytesReceived += rpc.entries.length)).inbox.appendEntries(from, rpc),
    installSnapshot: async (from, region, rpc) => this.#counting(region, (traffic) => (traffic.bytesReceived += rpc.data.length)).inbox.installSnapshot(from, rpc),
    timeoutNow: async (from, region, rpc) => this.region(region).raft.inbox.timeoutNow(from, rpc),
    propose: async (_from, region, rpc) => this.#propose(region, rpc),
    readIndex: async (_from, region, rpc) => this.#readIndex(region, rpc),
    admin: async (from, region, rpc) => ({ type: "adminResponse", result: await this.#administer(from, region, rpc) }),
  };

  #counting(region: RegionId, count: (traffic: Traffic) => void): Raft {
    const { raft, traffic } = this.region(region);
    count(traffic);
    return raft;
  }

  async #propose(region: RegionId, rpc: PeerCalls["propose"]["request"]): Promise<PeerCalls["propose"]["response"]> {
    const { index, term, result } = await this.region(region).gateway.proposeForwarded(rpc);
    return { type: "proposeResponse", term, index, result };
  }

  async #readIndex(region: RegionId, rpc: PeerCalls["readIndex"]["request"]): Promise<PeerCalls["readIndex"]["response"]> {
    const { raft, gateway } = this.region(region);
    const index = await gateway.readIndexForwarded(rpc);
    return { type: "readIndexResponse", term: raft.core.currentTerm, index };
  }

  /** One timer for all: it is only moved when a deadline comes nearer; one that went further away is noticed when the timer fires (S22). */
  #arm(): void {
    if (this.#stopped) return;
    let earliest = Number.POSITIVE_INFINITY;
    for (const { raft } of this.#regions.values()) earliest = Math.min(earliest, raft.deadline);
    if (earliest === Number.POSITIVE_INFINITY || (this.#timer !== undefined && this.#timer.time <= earliest)) return;
    this.#timer?.timer.cancel();
    this.#timer = { time: earliest, timer: this.#clock.at(earliest, () => this.#fire()) };
  }

  #fire(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    const due = [...this.#regions.values()].filter(({ raft }) => raft.deadline <= now);
    for (const { raft } of due) raft.tick();
    // A tick ends in a turn, which arms the timer again.
    if (due.length === 0) this.#arm();
  }
}

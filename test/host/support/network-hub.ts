// The network between nodes of a test, in memory and on virtual time. Every call is recorded. Links can be cut in both directions or in one, are slow,
// and a test may decide about each call: deliver, drop, or deliver twice. A call settles within its timeout, as the port demands.

import type { Clock } from "../../../src/base/clock.ts";
import { RaftctlError } from "../../../src/base/errors.ts";
import type { NodeId, RegionId } from "../../../src/base/ids.ts";
import type { RaftClusterMember, RaftNetwork, RaftReceiver, RpcOptions } from "../../../src/host/transport.ts";
import { peerMessageTypes, type PeerCalls } from "../../../src/wire/peer-protocol.ts";

export type CallName = keyof PeerCalls;
type AnyRpc = PeerCalls[CallName]["request"];
type AnyResponse = PeerCalls[CallName]["response"];

export interface HubCall {
  readonly at: number;
  readonly from: NodeId;
  readonly to: NodeId;
  readonly name: CallName;
  readonly rpc: AnyRpc;
}

export type Fate = "deliver" | "drop" | "twice";

interface Ended {
  readonly lost: () => void;
}

export class NetworkHub {
  readonly calls: HubCall[] = [];
  /** One way, ms. */
  latency = 1;
  /** Decides about each request. */
  fate: (call: HubCall) => Fate = () => "deliver";
  /** Decides about each response. */
  responseFate: (call: HubCall) => Fate = () => "deliver";
  /** Extra latency of a request, ms. */
  delayOf: (call: HubCall) => number = () => 0;
  readonly #clock: Clock;
  readonly #receivers = new Map<NodeId, RaftReceiver>();
  readonly #cut = new Set<string>();
  readonly #underWay = new Map<NodeId, Set<Ended>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  attach(id: NodeId, receiver: RaftReceiver): void {
    this.#receivers.set(id, receiver);
  }

  /** The process is gone: its connections break at once, and dialling it is refused. */
  detach(id: NodeId): void {
    this.#receivers.delete(id);
    for (const call of this.#underWay.get(id) ?? []) call.lost();
  }

  listens(id: NodeId): boolean {
    return this.#receivers.has(id);
  }

  /** Connections to it break, though it lives on. */
  breakConnectionsTo(id: NodeId): void {
    for (const call of this.#underWay.get(id) ?? []) call.lost();
  }

  networkOf(from: NodeId): RaftNetwork {
    return { forGroup: (region) => this.#memberOf(from, region) };
  }

  cut(left: NodeId, right: NodeId): void {
    this.cutOneWay(left, right);
    this.cutOneWay(right, left);
  }

  /** Silently: nothing that `from` says reaches `to`. */
  cutOneWay(from: NodeId, to: NodeId): void {
    this.#cut.add(`${from}>${to}`);
  }

  isolate(id: NodeId): void {
    for (const other of this.#receivers.keys()) if (other !== id) this.cut(id, other);
  }

  heal(): void {
    this.#cut.clear();
  }

  callsOf(name: CallName, since = 0): readonly HubCall[] {
    return this.calls.slice(since).filter((call) => call.name === name);
  }

  #memberOf(from: NodeId, region: RegionId): RaftClusterMember {
    const names = Object.keys(peerMessageTypes) as CallName[];
    const send = (name: CallName) => (to: NodeId, rpc: AnyRpc, options: RpcOptions) => this.#call({ at: this.#clock.now(), from, to, name, rpc }, region, options);
    return Object.fromEntries(names.map((name) => [name, send(name)])) as unknown as RaftClusterMember;
  }

  #call(call: HubCall, region: RegionId, { timeoutMs }: RpcOptions): Promise<AnyResponse> {
    this.calls.push(call);
    return new Promise((resolve, reject) => {
      const ended: Ended = { lost: () => settle(() => reject(new RaftctlError("CONNECTION_LOST", `the connection to ${call.to} broke`))) };
      const underWay = this.#callsTo(call.to);
      const settle = (how: () => void): void => {
        timer.cancel();
        underWay.delete(ended);
        how();
      };
      const late = (): void => settle(() => reject(new RaftctlError("TIMEOUT", `${call.to} did not answer within ${timeoutMs} ms`)));
      const timer = this.#clock.at(this.#clock.now() + timeoutMs, late);
      underWay.add(ended);
      const fate = this.fate(call);
      if (fate === "drop") return;
      for (let copy = 0; copy < (fate === "twice" ? 2 : 1); copy += 1) {
        this.#deliver(call, region, { resolve: (response) => settle(() => resolve(response)), reject: (error) => settle(() => reject(error)) });
      }
    });
  }

  #deliver(call: HubCall, region: RegionId, caller: { resolve: (response: AnyResponse) => void; reject: (error: unknown) => void }): void {
    this.#after(this.latency + this.delayOf(call), () => {
      const receiver = this.#receivers.get(call.to);
      if (this.#cut.has(`${call.from}>${call.to}`)) return;
      if (receiver === undefined) {
        const details = { sent: false };
        return caller.reject(new RaftctlError("UNREACHABLE", `${call.to} refuses connections`, { details }));
      }
      const handle = receiver[call.name] as (from: NodeId, region: RegionId, rpc: AnyRpc) => Promise<AnyResponse>;
      const back = (settle: () => void): void => {
        this.#after(this.latency, () => {
          if (this.#receivers.get(call.to) !== receiver || this.#cut.has(`${call.to}>${call.from}`)) return;
          if (this.responseFate(call) !== "drop") settle();
        });
      };
      handle(call.from, region, call.rpc).then(
        (response) => back(() => caller.resolve(response)),
        (error: unknown) => back(() => caller.reject(error)),
      );
    });
  }

  #after(ms: number, run: () => void): void {
    this.#clock.at(this.#clock.now() + ms, run);
  }

  #callsTo(id: NodeId): Set<Ended> {
    let calls = this.#underWay.get(id);
    if (calls === undefined) this.#underWay.set(id, (calls = new Set()));
    return calls;
  }
}

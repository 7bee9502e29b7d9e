// A second Transport, over node:http with JSON: for networks that only let HTTP through, and as the proof that nothing above a Transport depends
// on TCP. Slower than tcp-transport.ts; heartbeats and snapshots already travel on separate connections.

import { RaftctlError } from "../base/errors.ts";
import type { RegionId } from "../base/ids.ts";
import type { PeerDirectory, ProbedPeer, RaftNetwork, RaftReceiver, RpcOptions, Transport, TransportStats } from "../host/transport.ts";
import type { LocalIdentity } from "../wire/handshake.ts";
import type { PeerCalls } from "../wire/peer-protocol.ts";
import { HttpReceiver } from "./http-receiver.ts";
import { HttpSender } from "./http-sender.ts";

export interface HttpTransportOptions {
  readonly identity: LocalIdentity;
  readonly directory: PeerDirectory;
  readonly address: { readonly host: string; readonly port: number };
  readonly connectionsMax?: number;
  readonly inFlightMax?: number;
  /** As of TcpTransport. */
  readonly onFenced?: (reason: RaftctlError) => void;
}

const connectionsMaxDefault = 1_024;
const inFlightMaxDefault = 4_096;

export class HttpTransport implements Transport {
  readonly #options: HttpTransportOptions;
  readonly #sender: HttpSender;
  #receiver: HttpReceiver | undefined;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
    this.#sender = new HttpSender({ ...options, inFlightMax: options.inFlightMax ?? inFlightMaxDefault });
  }

  get network(): RaftNetwork {
    return this.#sender;
  }

  get stats(): TransportStats {
    return this.#sender.stats;
  }

  /** Where peers are accepted, with the port that was taken. */
  get address(): { host: string; port: number } {
    return this.#receiver?.address ?? this.#options.address;
  }

  async start(receiver: RaftReceiver): Promise<void> {
    if (this.#receiver !== undefined) throw new RaftctlError("CONFLICT", "the transport was started before");
    const { connectionsMax = connectionsMaxDefault, inFlightMax = inFlightMaxDefault } = this.#options;
    this.#receiver = new HttpReceiver({ ...this.#options, connectionsMax, inFlightMax }, receiver);
    await this.#receiver.start();
  }

  async stop(): Promise<void> {
    this.#sender.stop();
    await this.#receiver?.stop();
  }

  probe(address: string, options: RpcOptions): Promise<ProbedPeer> {
    return this.#sender.probe(address, options);
  }

  callAddress(
    address: string, region: RegionId, rpc: PeerCalls["admin"]["request"], options: RpcOptions,
  ): Promise<PeerCalls["admin"]["response"]> {
    return this.#sender.callAddress(address, region, rpc, options);
  }
}

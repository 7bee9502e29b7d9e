// Transport over TCP: owns a sender and a receiver, which do not know each other, and gives both the same identity, directory and limits.

import type { ConnectionOptions, TlsOptions } from "node:tls";
import type { Clock } from "../base/clock.ts";
import { RaftctlError } from "../base/errors.ts";
import type { RegionId } from "../base/ids.ts";
import type { Prng } from "../base/prng.ts";
import type { PeerDirectory, ProbedPeer, RaftNetwork, RaftReceiver, RpcOptions, Transport, TransportStats } from "../host/transport.ts";
import type { LocalIdentity } from "../wire/handshake.ts";
import type { PeerCalls } from "../wire/peer-protocol.ts";
import type { ListenAddress } from "./listener.ts";
import { TcpReceiver } from "./tcp-receiver.ts";
import { TcpSender } from "./tcp-sender.ts";

export interface TcpTransportOptions {
  readonly clock: Clock;
  /** For jitter only. */
  readonly prng: Prng;
  /** Read at every handshake: a live object may change its regions, its incarnation, or get its cluster id later. */
  readonly identity: LocalIdentity;
  readonly directory: PeerDirectory;
  readonly address: ListenAddress;
  readonly limits?: Partial<TcpTransportLimits>;
  /** Somebody dialled and was not welcomed: who, and why. Anybody can cause this, as often as he likes. */
  readonly onRefused?: (who: string, reason: RaftctlError) => void;
  /** A member, or who was one, will have nothing to do with this node: the cluster was recovered without one of the two. */
  readonly onFenced?: (reason: RaftctlError) => void;
  readonly tls?: { readonly server: TlsOptions; readonly client: ConnectionOptions };
}

export interface TcpTransportLimits {
  /** At most the lower election timeout (U2). */
  readonly connectTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  readonly connectionsMax: number;
  /** Requests to one peer, and from one peer, that wait for their answers. */
  readonly inFlightPerPeerMax: number;
  readonly sendQueueBytesMax: number;
  /** A peer that is silent for two pings is given up by its dialler, and after `silenceMs` by the other side. */
  readonly pingMs: number;
  readonly silenceMs: number;
  readonly backoffMsMin: number;
  readonly backoffMsMax: number;
  /** How long the connection for snapshots stays open without one. */
  readonly bulkIdleMs: number;
  /** How long `stop` lets requests of peers finish. */
  readonly drainMs: number;
}

const mib = 1024 * 1024;

export const tcpTransportLimitsDefault: TcpTransportLimits = {
  connectTimeoutMs: 1_000,
  handshakeTimeoutMs: 5_000,
  connectionsMax: 1_024,
  inFlightPerPeerMax: 4_096,
  sendQueueBytesMax: 64 * mib,
  pingMs: 2_500,
  silenceMs: 10_000,
  backoffMsMin: 20,
  backoffMsMax: 1_000,
  bulkIdleMs: 10_000,
  drainMs: 500,
};

export class TcpTransport implements Transport {
  readonly #options: TcpTransportOptions;
  readonly #limits: TcpTransportLimits;
  readonly #sender: TcpSender;
  #receiver: TcpReceiver | undefined;

  constructor(options: TcpTransportOptions) {
    this.#options = options;
    this.#limits = { ...tcpTransportLimitsDefault, ...options.limits };
    this.#sender = new TcpSender({ ...options, ...this.#limits, tls: options.tls?.client });
  }

  get network(): RaftNetwork {
    return this.#sender;
  }

  get stats(): TransportStats {
    return this.#sender.stats;
  }

  /** Where peers are accepted, with the port that was taken. */
  get address(): ListenAddress {
    return this.#receiver?.address ?? this.#options.address;
  }

  /** Inbound ones, of peers and of whoever is shaking hands. */
  get connections(): number {
    return this.#receiver?.connections ?? 0;
  }

  async start(receiver: RaftReceiver): Promise<void> {
    if (this.#receiver !== undefined) throw new RaftctlError("CONFLICT", "the transport was started before");
    this.#receiver = new TcpReceiver({ ...this.#options, ...this.#limits, tls: this.#options.tls?.server }, receiver);
    await this.#receiver.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#sender.stop(), this.#receiver?.stop(this.#limits.drainMs)]);
  }

  probe(address: string, options: RpcOptions): Promise<ProbedPeer> {
    return this.#sender.probe(address, options);
  }

  callAddress(
    address: string, region: RegionId, rpc: PeerCalls["admin"]["request"], options: RpcOptions,
  ): Promise<PeerCalls["admin"]["response"]> {
    return this.#sender.callAddress(address, region, rpc, options);
  }

  /** Closes the connections of peers whom the directory refuses now. */
  dropRefused(): void {
    this.#receiver?.dropRefused();
  }
}

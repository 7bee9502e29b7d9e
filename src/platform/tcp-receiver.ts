// The receiving half of the TCP transport: accepts peers, checks who they are, hands each request to the receiver's method for its type and
// sends the answer when it is ready. Every frame's region goes along, so a request can only reach the group that it names. A second connection
// of the same peer replaces the first: the peer knows best which one is alive. It dials nobody and does not know the sending half.

import type { TlsOptions } from "node:tls";
import type { Clock } from "../base/clock.ts";
import { RaftctlError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import type { PeerDirectory, RaftReceiver } from "../host/transport.ts";
import { checkPeerHello, type Hello, type LocalIdentity, type Role, type Welcome } from "../wire/handshake.ts";
import { limits } from "../wire/limits.ts";
import type { PeerCalls } from "../wire/peer-protocol.ts";
import { decodePeerRequest, type PeerRequest } from "../wire/peer-requests.ts";
import { encodePeerResponse } from "../wire/peer-responses.ts";
import { AnswerChannel, type Answering } from "./answer-channel.ts";
import type { FramedSocket } from "./framed-socket.ts";
import { Listener, type AcceptedConnection, type ListenAddress } from "./listener.ts";

export interface TcpReceiverOptions {
  readonly clock: Clock;
  readonly identity: LocalIdentity;
  readonly directory: PeerDirectory;
  readonly address: ListenAddress;
  readonly connectionsMax: number;
  readonly inFlightPerPeerMax: number;
  readonly sendQueueBytesMax: number;
  /** A peer that sends nothing for this long, not even a ping, is cut off. */
  readonly silenceMs: number;
  readonly handshakeTimeoutMs: number;
  readonly tls: TlsOptions | undefined;
  readonly onRefused?: (who: string, reason: RaftctlError) => void;
}

type PeerResponse = PeerCalls[keyof PeerCalls]["response"];
type Channel = AnswerChannel<PeerRequest, PeerResponse>;
interface Inbound {
  readonly hello: Hello;
  readonly channel: Channel;
}

export class TcpReceiver {
  readonly #options: TcpReceiverOptions;
  readonly #listener: Listener;
  /** By role and node id, so that a peer has one connection of each kind. */
  readonly #inbound = new Map<string, Inbound>();

  constructor(options: TcpReceiverOptions, receiver: RaftReceiver) {
    this.#options = options;
    this.#listener = new Listener({
      clock: options.clock,
      name: "peer",
      address: options.address,
      connectionsMax: options.connectionsMax,
      handshakeTimeoutMs: options.handshakeTimeoutMs,
      payloadBytesMax: limits.peerFrameBytesMax,
      sendQueueBytesMax: options.sendQueueBytesMax,
      ...(options.tls === undefined ? {} : { tls: options.tls }),
      ...(options.onRefused === undefined ? {} : { onRefused: options.onRefused }),
      accept: (hello) => this.#accept(hello),
      onConnection: (socket, hello) => this.#serve(socket, hello, receiver),
    });
  }

  start(): Promise<void> {
    return this.#listener.start();
  }

  get address(): ListenAddress {
    return this.#listener.address;
  }

  get connections(): number {
    return this.#listener.connections;
  }

  async stop(drainMs: number): Promise<void> {
    await this.#listener.stop(drainMs);
  }

  /** Asks the directory again and closes the connections of whom it refuses now: a removed member, an older incarnation. */
  dropRefused(): void {
    for (const { hello, channel } of this.#inbound.values()) {
      const refusal = this.#refusalOf(hello);
      if (refusal !== undefined) channel.close(refusal as RaftctlError);
    }
  }

  #accept(hello: Hello): Welcome {
    checkPeerHello(hello, this.#options.identity);
    const refusal = this.#refusalOf(hello);
    if (refusal !== undefined) throw refusal;
    return this.#options.identity;
  }

  /** Only members need the owner's consent: a newcomer may ask, and asking changes nothing. */
  #refusalOf(hello: Hello): Error | undefined {
    if (!isMember(hello.role)) return undefined;
    const { nodeId, incarnation, name, regions } = hello;
    return this.#options.directory.refusalOf({ nodeId: nodeId!, incarnation, name, regions });
  }

  #serve(socket: FramedSocket, hello: Hello, receiver: RaftReceiver): AcceptedConnection {
    const from = hello.nodeId!;
    const key = `${hello.role} ${from}`;
    const { clock, inFlightPerPeerMax, silenceMs } = this.#options;
    const channel: Channel = new AnswerChannel(socket, answeringFor(hello.role, from, receiver), {
      clock,
      inFlightMax: inFlightPerPeerMax,
      frameBytesMax: limits.peerFrameBytesMax,
      silenceMs,
      onClose: () => {
        if (this.#inbound.get(key)?.channel === channel) this.#inbound.delete(key);
      },
    });
    if (isMember(hello.role)) this.#replace(key, { hello, channel });
    return channel;
  }

  #replace(key: string, inbound: Inbound): void {
    const older = this.#inbound.get(key);
    this.#inbound.set(key, inbound);
    older?.channel.close(new RaftctlError("CONNECTION_LOST", `node ${inbound.hello.nodeId} opened a newer connection`));
  }
}

function isMember(role: Role): boolean {
  return role === "peer" || role === "bulk";
}

function answeringFor(role: Role, from: NodeId, receiver: RaftReceiver): Answering<PeerRequest, PeerResponse> {
  return {
    decode: decodePeerRequest,
    encode: (request, response) => encodePeerResponse(request.type, response as never),
    answer: (request) => {
      if (isMember(role) || (role === "joiner" && request.type === "admin")) return dispatch(receiver, from, request);
      throw new RaftctlError("DENIED", `a ${role} may not send ${request.type}; only members may`);
    },
  };
}

function dispatch(receiver: RaftReceiver, from: NodeId, request: PeerRequest): Promise<PeerResponse> {
  const handle = receiver[request.type] as (from: NodeId, region: PeerRequest["region"], rpc: PeerRequest["rpc"]) => Promise<PeerResponse>;
  return handle.call(receiver, from, request.region, request.rpc);
}

// Serves clients, on the client listener and on the admin socket alike: accepts, shakes hands, decodes requests, hands each to `onRequest` and
// sends the answer when it is there. `onRequest` may answer synchronously; then nothing waits. It knows no request's meaning and no permission.

import type { TlsOptions } from "node:tls";
import type { Clock } from "../base/clock.ts";
import type { MaybePromise } from "../base/deferred.ts";
import { RaftctlError } from "../base/errors.ts";
import type { ClientRequest, ClientResponse } from "../wire/client-protocol.ts";
import { decodeClientRequest } from "../wire/client-requests.ts";
import { encodeClientResponse } from "../wire/client-responses.ts";
import type { Hello, LocalIdentity, Welcome } from "../wire/handshake.ts";
import { limits } from "../wire/limits.ts";
import { AnswerChannel } from "./answer-channel.ts";
import type { FramedSocket } from "./framed-socket.ts";
import { Listener, type AcceptedConnection, type ListenAddress } from "./listener.ts";

/** Who asks: one object for as long as the connection holds, so it can be a key. */
export interface ClientConnection {
  /** What the client calls itself. */
  readonly clientName: string;
  /** undefined: over a Unix socket. */
  readonly remoteAddress: string | undefined;
  readonly credentials: Uint8Array | undefined;
}

export interface RequestServerOptions {
  readonly clock: Clock;
  /** For errors: "client" or "admin". */
  readonly name: string;
  readonly address: ListenAddress;
  /** Read at every handshake. */
  readonly identity: LocalIdentity;
  readonly onRequest: (request: ClientRequest, connection: ClientConnection) => MaybePromise<ClientResponse>;
  readonly onDisconnect?: (connection: ClientConnection) => void;
  /** Somebody dialled and was not welcomed: who, and why. Anybody can cause this, as often as he likes. */
  readonly onRefused?: (who: string, reason: RaftctlError) => void;
  /** Throws to refuse (DENIED): credentials, for example. */
  readonly authenticate?: (hello: Hello) => void;
  readonly limits?: Partial<RequestServerLimits>;
  readonly tls?: TlsOptions;
}

export interface RequestServerLimits {
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  readonly inFlightPerConnectionMax: number;
  /** Answers that wait for the client to read; near to this his requests are answered with BUSY, beyond it he is cut off. */
  readonly sendQueueBytesMax: number;
  /** Above this his requests are not read until he has read his answers; who has not after ten seconds is cut off. */
  readonly pauseReadingAboveBytes: number;
  readonly handshakeTimeoutMs: number;
}

const mib = 1024 * 1024;

export const requestServerLimitsDefault: RequestServerLimits = {
  connectionsMax: 1_024,
  connectionsPerAddressMax: 512,
  inFlightPerConnectionMax: 4_096,
  sendQueueBytesMax: 16 * mib,
  pauseReadingAboveBytes: mib,
  handshakeTimeoutMs: 5_000,
};

export class RequestServer {
  readonly #options: RequestServerOptions;
  readonly #limits: RequestServerLimits;
  readonly #listener: Listener;
  readonly #channels = new Set<AnswerChannel<ClientRequest, ClientResponse>>();

  constructor(options: RequestServerOptions) {
    this.#options = options;
    this.#limits = { ...requestServerLimitsDefault, ...options.limits };
    this.#listener = new Listener({
      clock: options.clock,
      name: options.name,
      address: options.address,
      ...this.#limits,
      payloadBytesMax: limits.clientFrameBytesMax,
      ...(options.tls === undefined ? {} : { tls: options.tls }),
      ...(options.onRefused === undefined ? {} : { onRefused: options.onRefused }),
      accept: (hello) => this.#accept(hello),
      onConnection: (socket, hello) => this.#serve(socket, hello),
    });
  }

  /** Listening when it resolves; throws ADDRESS_IN_USE, INSECURE, CONFIG_INVALID or IO_ERROR. */
  start(): Promise<void> {
    return this.#listener.start();
  }

  /** Answers what is under way, refuses what is new with STOPPED, and closes all connections within `drainMs`. */
  stop(drainMs: number): Promise<void> {
    return this.#listener.stop(drainMs);
  }

  get address(): ListenAddress {
    return this.#listener.address;
  }

  get connections(): number {
    return this.#listener.connections;
  }

  /** Connections that were refused because of a bound or of their handshake. */
  get refusedTotal(): number {
    return this.#listener.refusedTotal;
  }

  get inFlight(): number {
    let sum = 0;
    for (const channel of this.#channels) sum += channel.inFlight;
    return sum;
  }

  #accept(hello: Hello): Welcome {
    if (hello.role !== "client") throw new RaftctlError("DENIED", `a ${hello.role} dialled the ${this.#options.name} listener; peers use the peer listener`);
    const { identity } = this.#options;
    if (hello.clusterId !== undefined && hello.clusterId !== identity.clusterId) {
      throw new RaftctlError("CLUSTER_MISMATCH", `cluster ${hello.clusterId} was expected, this is cluster ${identity.clusterId ?? "(none)"}`);
    }
    this.#options.authenticate?.(hello);
    return identity;
  }

  #serve(socket: FramedSocket, hello: Hello): AcceptedConnection {
    const connection: ClientConnection = { clientName: hello.name, remoteAddress: socket.remoteAddress, credentials: hello.credentials };
    const { clock, onRequest, onDisconnect } = this.#options;
    const channel: AnswerChannel<ClientRequest, ClientResponse> = new AnswerChannel(
      socket,
      {
        decode: decodeClientRequest,
        answer: (request) => onRequest(request, connection),
        encode: (_request, response) => encodeClientResponse(response),
      },
      {
        clock,
        inFlightMax: this.#limits.inFlightPerConnectionMax,
        frameBytesMax: limits.clientFrameBytesMax,
        silenceMs: undefined,
        onClose: () => {
          this.#channels.delete(channel);
          onDisconnect?.(connection);
        },
      },
    );
    this.#channels.add(channel);
    return channel;
  }
}

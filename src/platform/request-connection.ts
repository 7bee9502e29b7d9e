// A client's connection to one daemon, over TCP, TLS or the admin socket: the mirror of request-server.ts. Requests are multiplexed and answered
// in any order. It does not look for a leader, does not retry and does not reconnect. An error of the connection (CONNECTION_LOST, TIMEOUT,
// UNREACHABLE, BUSY, TOO_LARGE, STOPPED) says in `details.sent` whether the request may have reached the daemon; false: it was not carried out.

import type { ConnectionOptions } from "node:tls";
import type { Clock } from "../base/clock.ts";
import { RaftctlError } from "../base/errors.ts";
import type { ClusterId } from "../base/ids.ts";
import type { ClientRequest, ClientResponse } from "../wire/client-protocol.ts";
import { encodeClientRequest } from "../wire/client-requests.ts";
import { decodeClientResponse } from "../wire/client-responses.ts";
import type { WireFields } from "../wire/frame.ts";
import type { Welcome } from "../wire/handshake.ts";
import { limits } from "../wire/limits.ts";
import { CallChannel } from "./call-channel.ts";
import { dial, type ConnectTarget, type Dialled } from "./connect.ts";

export interface RequestConnectionOptions {
  readonly clock: Clock;
  /** What this client calls itself. */
  readonly clientName: string;
  /** For connecting and the handshake together. */
  readonly timeoutMs: number;
  /** Refuse to talk to another cluster. */
  readonly clusterId?: ClusterId;
  readonly credentials?: Uint8Array;
  readonly tls?: ConnectionOptions;
  readonly signal?: AbortSignal;
  readonly inFlightMax?: number;
  /** Called once, however the connection ends. */
  readonly onClose?: (error: RaftctlError) => void;
}

const inFlightMaxDefault = 4_096;
const sendQueueBytesMax = 64 * 1024 * 1024;
const pingMs = 5_000;

const decoders: Readonly<Record<ClientRequest["operation"], (fields: WireFields) => ClientResponse>> = {
  propose: (fields) => decodeClientResponse("propose", fields),
  get: (fields) => decodeClientResponse("get", fields),
  range: (fields) => decodeClientResponse("range", fields),
  admin: (fields) => decodeClientResponse("admin", fields),
  watch: (fields) => decodeClientResponse("watch", fields),
  leaseKeepAlive: (fields) => decodeClientResponse("leaseKeepAlive", fields),
  page: (fields) => decodeClientResponse("page", fields),
  closeView: (fields) => decodeClientResponse("closeView", fields),
};

export class RequestConnection {
  /** Who answered: cluster, node, name, version. */
  readonly server: Welcome;
  readonly #channel: CallChannel;

  private constructor(dialled: Dialled, options: RequestConnectionOptions) {
    this.server = dialled.welcome;
    this.#channel = new CallChannel(dialled.socket, {
      clock: options.clock,
      inFlightMax: options.inFlightMax ?? inFlightMaxDefault,
      frameBytesMax: limits.clientFrameBytesMax,
      pingMs,
      onClose: (error) => options.onClose?.(error),
    });
  }

  /** Throws UNREACHABLE, or what the daemon refuses with (INCOMPATIBLE, CLUSTER_MISMATCH, DENIED). */
  static async connect(target: ConnectTarget, options: RequestConnectionOptions): Promise<RequestConnection> {
    const hello = {
      role: "client" as const, clusterId: options.clusterId, clusterIncarnation: undefined, nodeId: undefined, incarnation: 0, name: options.clientName, regions: [],
      expectNodeId: undefined, credentials: options.credentials,
    };
    const dialled = await dial(target, hello, options.clusterId, {
      clock: options.clock,
      timeoutMs: options.timeoutMs,
      payloadBytesMax: limits.clientFrameBytesMax,
      sendQueueBytesMax,
      ...(options.tls === undefined ? {} : { tls: options.tls }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    return new RequestConnection(dialled, options);
  }

  get closed(): boolean {
    return this.#channel.closed;
  }

  get heard(): number {
    return this.#channel.heard;
  }

  get rttMs(): number | undefined {
    return this.#channel.rttMs;
  }

  get inFlight(): number {
    return this.#channel.inFlight;
  }

  /** Rejects with CONNECTION_LOST, TIMEOUT, BUSY, TOO_LARGE, or the daemon's error. */
  call(request: ClientRequest, timeoutMs: number, signal?: AbortSignal): Promise<ClientResponse> {
    return this.#channel.call(encodeClientRequest(request), decoders[request.operation], timeoutMs, signal);
  }

  /** Calls under way fail with CONNECTION_LOST. */
  close(): void {
    this.#channel.close(new RaftctlError("STOPPED", "the client closed the connection"));
  }
}

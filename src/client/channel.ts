// The port through which the client reaches one daemon: a connection that has shaken hands. Its real twin is platform/request-connection.ts.

import type { RegionId } from "../base/ids.ts";
import type { ClientRequest, ClientResponse } from "../wire/client-protocol.ts";

/** An admin socket's path, or host:port of a client listener. */
export type Address = { readonly socket: string } | { readonly endpoint: string };

export interface ServerIdentity {
  /** undefined while the node belongs to no cluster yet. */
  readonly clusterId: string | undefined;
  readonly nodeId: string;
  readonly name: string;
  readonly version: string;
  /** The regions that it serves, and how far the log of each was when it answered the dialler. */
  readonly regions?: readonly RegionId[];
  readonly committed?: readonly number[];
}

export interface Channel {
  readonly server: ServerIdentity;
  /** It has ended and every further call fails. */
  readonly closed: boolean;
  /** How many messages of the server have arrived. */
  readonly heard: number;
  /**
   * Rejects with a RaftctlError: what the server answered; TIMEOUT when the time is over; CONNECTION_LOST when the connection is gone, with
   * `details.sent` saying whether the request may have reached the server; STOPPED when the signal ended the wait, with `details.sent` too.
   */
  call(request: ClientRequest, timeoutMs: number, signal?: AbortSignal): Promise<ClientResponse>;
  close(): void;
}

/** Connects and shakes hands, until the signal says that nobody wants it any more. Rejects with a RaftctlError. */
export type Dial = (address: Address, timeoutMs: number, signal: AbortSignal) => Promise<Channel>;

export function addressText(address: Address): string {
  return "socket" in address ? address.socket : address.endpoint;
}

// What a client and a daemon say to each other, on the client listener and on the admin socket alike. After the handshake requests and responses
// are multiplexed by id and answered out of order. Hot requests are positional arrays; the rest is `admin`, a method name with named parameters.
//
//   request   [id, operation, region, ...fields]        response   [id, 0, ...fields]   or   [id, 1, error]

import type { RegionId } from "../base/ids.ts";
import type { ErrorCode } from "../base/errors.ts";
import type { WatchEvent } from "./watch-events.ts";

/** The numbers stand on the wire: never change or reuse one. */
export const clientOperations = { propose: 1, get: 2, range: 3, admin: 4, watch: 5, leaseKeepAlive: 6, page: 7, closeView: 8 } as const;

/** lease: as linearizable, as long as no clock drifts more than was configured; the leader answers it without asking the others. */
export type Consistency = "linearizable" | "lease" | "leader" | "stale";

export type ClientRequest = ProposeRequest | GetRequest | RangeRequest | AdminRequest | WatchRequest | LeaseKeepAliveRequest | PageRequest | CloseViewRequest;

export interface ProposeRequest {
  readonly operation: "propose";
  readonly region: RegionId;
  readonly waitFor: "committed" | "applied";
  readonly timeoutMs: number;
  /** As wire/command.ts encodes it; from here to every log it is never encoded again. */
  readonly command: Uint8Array;
  /** true: the leader keeps the life of this write, for whoever asks (admin method writeTrace). */
  readonly trace?: boolean;
}

export interface ReadOptions {
  readonly consistency: Consistency;
  /** Wait until at least this index is applied here (U7). */
  readonly minIndex: number | undefined;
  /** stale only: refuse (UNHEALTHY) when the last contact with a leader is longer ago, ms. */
  readonly maxLagMs: number | undefined;
  readonly timeoutMs: number;
}

export interface GetRequest extends ReadOptions {
  readonly operation: "get";
  readonly region: RegionId;
  readonly key: Uint8Array;
}

export interface RangeRequest extends ReadOptions {
  readonly operation: "range";
  readonly region: RegionId;
  readonly start: Uint8Array | undefined;
  /** Excluded. */
  readonly end: Uint8Array | undefined;
  readonly limit: number;
  readonly keysOnly: boolean;
  readonly countOnly: boolean;
  /** How many records are wanted in all. When this page has fewer and there are more, the state is held for further pages: the answer's `view`. */
  readonly wanted?: number;
}

/** A further page of a range, as it was at the index of the first one; asked over the connection of the first one. */
export interface PageRequest {
  readonly operation: "page";
  readonly region: RegionId;
  readonly view: string;
  readonly start: Uint8Array | undefined;
  /** Excluded. */
  readonly end: Uint8Array | undefined;
  readonly limit: number;
  readonly keysOnly: boolean;
  /** This page's records among them; with the last of them, and at the end of the range, the state is not held any longer. */
  readonly wanted: number;
}

/** No further page is wanted. */
export interface CloseViewRequest {
  readonly operation: "closeView";
  readonly region: RegionId;
  readonly view: string;
}

export interface AdminRequest {
  readonly operation: "admin";
  readonly region: RegionId;
  readonly method: string;
  readonly params: unknown;
  readonly timeoutMs: number;
}

/** Asks once for what has changed; who goes on asking from `nextIndex` sees every change once. Nothing is kept of him between two requests. */
export interface WatchRequest {
  readonly operation: "watch";
  readonly region: RegionId;
  readonly start: Uint8Array | undefined;
  /** Excluded. */
  readonly end: Uint8Array | undefined;
  /** Changes of entries from this index on. */
  readonly fromIndex: number;
  /** How long the answer may wait for a change, ms; 0: answered at once. */
  readonly waitMs: number;
  /** Events in one answer, and bytes of them. What one index changed is never split, so one index may exceed both. */
  readonly eventsMax: number;
  readonly bytesMax: number;
  readonly puts: boolean;
  readonly deletes: boolean;
  readonly keysOnly: boolean;
}

/** Each of these leases is to last for its ttl from now on. */
export interface LeaseKeepAliveRequest {
  readonly operation: "leaseKeepAlive";
  readonly region: RegionId;
  readonly timeoutMs: number;
  /** At most `limits.leasesPerRequestMax`. */
  readonly leases: readonly bigint[];
}

export interface ProposeResponse {
  readonly operation: "propose";
  readonly term: number;
  readonly index: number;
  /** As wire/command.ts encodes it; empty for waitFor "committed". */
  readonly result: Uint8Array;
  /** Name of the node that handed the command to the leader. */
  readonly forwardedBy: string | undefined;
  /** Name of the leader. */
  readonly leader: string | undefined;
}

export interface KeyValueRecord {
  readonly key: Uint8Array;
  /** Empty when only keys were asked for. */
  readonly value: Uint8Array;
  /** 1 at creation, one more at each put. */
  readonly version: number;
  readonly createIndex: number;
  readonly modIndex: number;
}

export interface ReadResponse {
  readonly operation: "read";
  readonly records: readonly KeyValueRecord[];
  /** All that match, also beyond `limit` when counting. */
  readonly count: number;
  readonly more: boolean;
  /** The records are as they were after this entry. */
  readonly index: number;
  /** As this node knows them now. */
  readonly term: number;
  readonly leader: string | undefined;
  readonly servedBy: string;
  /** Since it heard of a leader, and since the first page was read. */
  readonly staleMs: number | undefined;
  /** Under this name the state is held for the next page, which is to be asked for soon. */
  readonly view?: string;
}

export interface AdminResponse {
  readonly operation: "admin";
  readonly result: unknown;
}

export interface WatchResponse {
  readonly operation: "watch";
  /** By ascending index; those of one index in the order in which they came about. Empty when time was over, or when much was looked through. */
  readonly events: readonly WatchEvent[];
  /** Everything below it has been told: what to ask from next. */
  readonly nextIndex: number;
  /** The first index that this node can still be asked from. */
  readonly firstRetained: number;
  /** lastApplied of this node, and the term and leader that it knows. */
  readonly index: number;
  readonly term: number;
  readonly leader: string | undefined;
  readonly servedBy: string;
}

export interface LeaseKeepAliveResponse {
  readonly operation: "leaseKeepAlive";
  /** What is left of each, in the order of the request, ms; undefined: it has ended, or its time was over. */
  readonly remainingMs: readonly (number | undefined)[];
}

export interface CloseViewResponse {
  readonly operation: "closeView";
  readonly wasOpen: boolean;
}

export type ClientResponse = ProposeResponse | ReadResponse | AdminResponse | WatchResponse | LeaseKeepAliveResponse | CloseViewResponse;

export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;
}

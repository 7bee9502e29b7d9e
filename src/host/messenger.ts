// Carries the core's messages: each request becomes one call of the network and its response one input; each inbound request waits here for the
// one response that the core will give (at once, or when something has become durable). Entries leave in record form, encoded once for all peers.

import { assert } from "../base/assert.ts";
import type { Crc32 } from "../base/crc.ts";
import { RaftctlError } from "../base/errors.ts";
import type { NodeId, RegionId } from "../base/ids.ts";
import { mark } from "../base/mark.ts";
import type { Entry } from "../raft/entry.ts";
import type { Input } from "../raft/input.ts";
import type { AppendEntries, InstallSnapshotResponse, Message, Request, Response } from "../raft/message.ts";
import type { Envelope } from "../raft/ready.ts";
import { encodeEntries } from "../storage/wal/record.ts";
import type { AppendEntriesRpc } from "../wire/peer-protocol.ts";
import type { StateAudit } from "./state-audit.ts";
import type { RaftClusterMember, RpcOptions } from "./transport.ts";

export interface MessengerOptions {
  readonly region: RegionId;
  readonly network: RaftClusterMember;
  readonly crc32: Crc32;
  /** Of each call, ms: one election timeout, after which the answer is worth nothing. */
  readonly timeoutMs: number;
  readonly deliver: (input: Input) => void;
  readonly audit: Pick<StateAudit, "verdictFor" | "answered">;
}

/** Requests of one peer whose responses the core still owes. */
const inboundMax = 256;

interface Inbound {
  readonly key: number;
  readonly resolve: (response: Response) => void;
  readonly reject: (error: Error) => void;
}

export class Messenger {
  readonly #options: MessengerOptions;
  readonly #rpcOptions: RpcOptions;
  /** Few of each peer wait at a time. */
  readonly #inbound = new Map<NodeId, Inbound[]>();
  #run: { first: Entry; last: Entry; bytes: Uint8Array } | undefined;
  #stopped = false;

  constructor(options: MessengerOptions) {
    this.#options = options;
    this.#rpcOptions = { timeoutMs: options.timeoutMs };
  }

  send(envelopes: readonly Envelope[]): void {
    if (this.#stopped) return;
    for (const { to, message } of envelopes) {
      if (isResponse(message)) this.#answer(to, message);
      else this.#call(to, message);
    }
  }

  /** Hands a request of a peer to the core and settles with the core's response. */
  receive<T extends Response>(from: NodeId, request: Request): Promise<T> {
    if (this.#stopped) return Promise.reject(stopping());
    const waiting = this.#waitingFor(from);
    if (waiting.length >= inboundMax) return Promise.reject(new RaftctlError("BUSY", `more than ${inboundMax} requests of node ${from} wait here`));
    const key = keyOf(request);
    if (waiting.some((inbound) => inbound.key === key)) {
      mark("messenger-repeated-request-refused");
      return Promise.reject(new RaftctlError("BAD_REQUEST", `request ${request.requestId} of node ${from} is already here`));
    }
    return new Promise((resolve, reject) => {
      waiting.push({ key, resolve: resolve as Inbound["resolve"], reject });
      this.#options.deliver({ kind: "message", from, message: request });
    });
  }

  /** Waits for the second response that the core gives to a chunk that it has already seen: the one to the whole snapshot. */
  awaitInstall(from: NodeId, requestId: number): Promise<InstallSnapshotResponse> {
    if (this.#stopped) return Promise.reject(stopping());
    const key = keyOf({ type: "installSnapshotResponse", requestId });
    return new Promise((resolve, reject) => {
      this.#take(from, key);
      this.#waitingFor(from).push({ key, resolve: resolve as Inbound["resolve"], reject });
    });
  }

  stop(): void {
    this.#stopped = true;
    for (const waiting of this.#inbound.values()) for (const { reject } of waiting) reject(stopping());
    this.#inbound.clear();
  }

  #waitingFor(from: NodeId): Inbound[] {
    let waiting = this.#inbound.get(from);
    if (waiting === undefined) this.#inbound.set(from, (waiting = []));
    return waiting;
  }

  #take(from: NodeId, key: number): Inbound | undefined {
    const waiting = this.#waitingFor(from);
    const place = waiting.findIndex((inbound) => inbound.key === key);
    return place === -1 ? undefined : waiting.splice(place, 1)[0];
  }

  #answer(to: NodeId, response: Response): void {
    this.#take(to, keyOf(response))?.resolve(response);
  }

  #call(to: NodeId, request: Request): void {
    if (request.type === "appendEntries") return this.#append(to, request);
    this.#transmit(to, request).then(
      (response) => this.#deliver({ kind: "message", from: to, message: coreResponse(response) }),
      () => this.#deliver({ kind: "unreachable", peer: to, requestId: request.requestId }),
    );
  }

  #append(to: NodeId, request: AppendEntries): void {
    const { network, audit } = this.#options;
    const checkpoint = audit.verdictFor(to);
    const rpc: AppendEntriesRpc = { ...request, entries: this.#encode(request.entries), checkpoint };
    network.appendEntries(to, rpc, this.#rpcOptions).then(
      (response) => {
        this.#deliver({ kind: "message", from: to, message: coreResponse(response) });
        if (!this.#stopped) audit.answered(to, checkpoint, response.checkpoint);
      },
      () => this.#deliver({ kind: "unreachable", peer: to, requestId: request.requestId }),
    );
  }

  #deliver(input: Input): void {
    if (!this.#stopped) this.#options.deliver(input);
  }

  #transmit(to: NodeId, request: Exclude<Request, AppendEntries>): Promise<Response> {
    const { network } = this.#options;
    switch (request.type) {
      case "requestVote": return network.requestVote(to, request, this.#rpcOptions);
      case "preVote": return network.preVote(to, request, this.#rpcOptions);
      case "timeoutNow": return network.timeoutNow(to, request, this.#rpcOptions);
      case "installSnapshot": return Promise.reject(new Error("snapshots travel by snapshot-transfer.ts"));
    }
  }

  /** Peers in step get the same run of entries: it is encoded for the first of them only. */
  #encode(entries: readonly Entry[]): Uint8Array {
    if (entries.length === 0) return noBytes;
    const first = entries[0]!;
    const last = entries.at(-1)!;
    if (this.#run?.first !== first || this.#run.last !== last) {
      this.#run = { first, last, bytes: encodeEntries(entries, this.#options.region, this.#options.crc32) };
    }
    return this.#run.bytes;
  }
}

/** The chunks of a transfer are numbered by the sender's host and everything else by its core: equal numbers are different requests. */
function keyOf({ type, requestId }: Pick<Message, "type" | "requestId">): number {
  return type === "installSnapshot" || type === "installSnapshotResponse" ? -requestId : requestId;
}

function stopping(): RaftctlError {
  return new RaftctlError("STOPPED", "this node is stopping");
}

const noBytes = new Uint8Array(0);

function isResponse(message: Message): message is Response {
  switch (message.type) {
    case "requestVote":
    case "preVote":
    case "appendEntries":
    case "installSnapshot":
    case "timeoutNow":
      return false;
    default:
      return true;
  }
}

function coreResponse(response: Response): Response {
  assert(isResponse(response), "a call is answered by a response");
  return response;
}

// The way to whichever of the given daemons answers: addresses are tried in order, the one of the last known leader first, those that were silent last. Any
// member serves any request (followers forward), so the leader is a hint that saves a hop and never a condition. The reason why an address failed is
// kept, so that the final error names every one. It repeats a request only when that request was provably not sent.

import { setTimeout as sleep } from "node:timers/promises";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import type { ClientRequest, ClientResponse } from "../wire/client-protocol.ts";
import { isUnsent } from "./ambiguity.ts";
import type { Address, Channel, Dial, ServerIdentity } from "./channel.ts";
import { cancelled, type Deadline } from "./deadline.ts";
import { Endpoint } from "./endpoint.ts";

interface Attempt {
  readonly address: string;
  readonly code: string;
  readonly message: string;
}

interface Opened {
  readonly endpoint: Endpoint;
  readonly channel: Channel;
}

export interface ConnectionOptions {
  readonly addresses: readonly Address[];
  readonly dial: Dial;
  /** Who chose the addresses, for the error that says they cannot be reached. */
  readonly origin: string;
}

interface Shared {
  readonly endpoints: readonly Endpoint[];
  readonly origin: string;
  readonly closing: AbortController;
}

export class Connection {
  readonly #endpoints: readonly Endpoint[];
  readonly #origin: string;
  readonly #closing: AbortController;
  /** One to each address alone. */
  #separately: readonly Connection[] | undefined;
  /** Which server answered at an address, as its handshake said. */
  readonly #names = new Map<string, string>();
  #leaderName: string | undefined;
  #dialling: Promise<Opened> | undefined;
  #current: Endpoint | undefined;
  #server: ServerIdentity | undefined;
  /** Where a connection broke last: dialled after the others. */
  #lostAt: Endpoint | undefined;

  static to({ addresses, dial, origin }: ConnectionOptions): Connection {
    const closing = new AbortController();
    return new Connection({ endpoints: addresses.map((address) => new Endpoint(address, dial, closing.signal)), origin, closing });
  }

  private constructor({ endpoints, origin, closing }: Shared) {
    this.#endpoints = endpoints;
    this.#origin = origin;
    this.#closing = closing;
  }

  /** The server that answered last; undefined before the first handshake. */
  get server(): ServerIdentity | undefined {
    return this.#server;
  }

  /** Connects if it is not connected. @returns who answers. Rejects with UNREACHABLE: nothing was sent. */
  async open(deadline: Deadline): Promise<ServerIdentity> {
    return (await this.#opened(deadline)).channel.server;
  }

  get addressCount(): number {
    return this.#endpoints.length;
  }

  /** The way to each address alone, for who has to choose among them; there is one connection to a daemon all the same. */
  get separately(): readonly Connection[] {
    this.#separately ??= this.#endpoints.map((endpoint) => new Connection({ endpoints: [endpoint], origin: this.#origin, closing: this.#closing }));
    return this.#separately;
  }

  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Used for the order of the next dialling, if its address is known; never a reason to leave a connection that works. */
  hintLeader(name: string | undefined): void {
    this.#leaderName = name;
  }

  /** Rejects with UNREACHABLE when nothing was sent, with what the server answered, with TIMEOUT, with CONNECTION_LOST (details.sent true), or with CANCELLED. */
  async call(makeRequest: (timeoutMs: number) => ClientRequest, deadline: Deadline): Promise<ClientResponse> {
    for (let attempt = 1; ; attempt += 1) {
      const { endpoint, channel } = await this.#opened(deadline);
      const remaining = deadline.remainingMs;
      if (remaining === 0) throw unsentTimeout(deadline, endpoint);
      const heardBefore = channel.heard;
      try {
        return await channel.call(makeRequest(deadline.serverMs), remaining, deadline.signal);
      } catch (thrown) {
        const error = toRaftctlError(thrown);
        if (error.code === "STOPPED" && deadline.aborted) throw cancelled(deadline.signal!, !isUnsent(error));
        if (error.code === "TIMEOUT") endpoint.fellSilent(channel, heardBefore, remaining);
        if (error.code === "CONNECTION_LOST" || channel.closed) this.#lost(endpoint, channel);
        if (error.code !== "CONNECTION_LOST" || !isUnsent(error)) throw error;
        if (attempt > this.addressCount) throw this.#unreachable([attemptOf(endpoint, error)]);
      }
    }
  }

  /** For requests without an effect: when the connection breaks before the answer, each further address may be asked once. */
  async callIdempotent(makeRequest: (timeoutMs: number) => ClientRequest, deadline: Deadline): Promise<ClientResponse> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.call(makeRequest, deadline);
      } catch (thrown) {
        const error = toRaftctlError(thrown);
        if (error.code !== "CONNECTION_LOST" || attempt >= this.addressCount) throw error;
      }
    }
  }

  close(): void {
    this.#closing.abort();
    for (const endpoint of this.#endpoints) endpoint.close();
  }

  #lost(endpoint: Endpoint, channel: Channel): void {
    channel.close();
    if (this.#current === endpoint) this.#leave();
  }

  #leave(): void {
    this.#lostAt = this.#current;
    this.#current = undefined;
  }

  async #opened(deadline: Deadline): Promise<Opened> {
    for (;;) {
      if (this.closed) throw new RaftctlError("STOPPED", "the client is closed");
      if (deadline.aborted) throw cancelled(deadline.signal!, false);
      const channel = this.#current?.channel;
      if (channel !== undefined) return { endpoint: this.#current!, channel };
      if (this.#current !== undefined) this.#leave();
      if (this.#dialling === undefined) return deadline.untilAborted(this.#startDialling(deadline));
      // Somebody else's dialling ends with their deadline; ours may be later.
      await deadline.untilAborted(Promise.race([this.#dialling.catch(() => undefined), sleep(deadline.remainingMs, undefined, { ref: false })]));
      if (deadline.passed) throw this.#unreachable([]);
    }
  }

  #startDialling(deadline: Deadline): Promise<Opened> {
    this.#dialling = this.#dialInOrder(deadline).finally(() => {
      this.#dialling = undefined;
    });
    return this.#dialling;
  }

  async #dialInOrder(deadline: Deadline): Promise<Opened> {
    const attempts: Attempt[] = [];
    const endpoints = this.#ordered();
    for (const [place, endpoint] of endpoints.entries()) {
      if (deadline.passed) break;
      // An address that does not answer must leave time for those behind it.
      const share = deadline.remainingMs / (endpoints.length - place);
      try {
        return this.#adopt(endpoint, await endpoint.open(share));
      } catch (thrown) {
        const error = toRaftctlError(thrown);
        if (!isUnreachable(error) || this.closed) throw error;
        attempts.push(attemptOf(endpoint, error));
      }
    }
    throw this.#unreachable(attempts);
  }

  #adopt(endpoint: Endpoint, channel: Channel): Opened {
    this.#current = endpoint;
    this.#server = channel.server;
    this.#names.set(endpoint.text, channel.server.name);
    return { endpoint, channel };
  }

  #ordered(): readonly Endpoint[] {
    const rank = (endpoint: Endpoint): number => {
      if (endpoint.isSilent) return 3;
      if (endpoint === this.#lostAt) return 2;
      return this.#leaderName !== undefined && this.#names.get(endpoint.text) === this.#leaderName ? 0 : 1;
    };
    return this.#endpoints.toSorted((left, right) => rank(left) - rank(right));
  }

  #unreachable(attempts: readonly Attempt[]): RaftctlError {
    const origin = this.#origin;
    const tried = attempts.map(({ address, message }) => (message.includes(address) ? message : `${address}: ${message}`)).join("; ");
    const where = origin === "default" ? "the default address" : `the address from ${origin}`;
    return new RaftctlError("UNREACHABLE", `no daemon answers at ${where}: ${tried || "no time was left to try"}`, {
      hint: "raftctl daemon start, raftctl lab up, or name another one with --endpoint or --socket",
      details: { attempts, origin },
    });
  }
}

/** Nothing of ours has reached a server yet, so the next address may be tried; any other refusal (identity, version) is an answer. */
function isUnreachable(error: RaftctlError): boolean {
  return ["UNREACHABLE", "CONNECTION_LOST", "TIMEOUT", "BUSY", "STOPPED", "IO_ERROR"].includes(error.code);
}

function attemptOf({ text }: Endpoint, error: RaftctlError): Attempt {
  return { address: text, code: error.code, message: error.message };
}

function unsentTimeout(deadline: Deadline, { text }: Endpoint): RaftctlError {
  return new RaftctlError("UNREACHABLE", `not sent to ${text}: no time was left of ${deadline.timeoutMs} ms`, { details: { sent: false } });
}

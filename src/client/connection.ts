// One connection to whichever of the given daemons answers: addresses are tried in order, the one of the last known leader first. Any member
// serves any request (followers forward), so the leader is a hint that saves a hop and never a condition. The reason why an address failed is
// kept, so that the final error names every one. It repeats a request only when that request was provably not sent.

import { setTimeout as sleep } from "node:timers/promises";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import type { ClientRequest, ClientResponse } from "../wire/client-protocol.ts";
import { isUnsent } from "./ambiguity.ts";
import { addressText } from "./channel.ts";
import type { Address, Channel, Dial, ServerIdentity } from "./channel.ts";
import { cancelled, type Deadline } from "./deadline.ts";

interface Attempt {
  readonly address: string;
  readonly code: string;
  readonly message: string;
}

export interface ConnectionOptions {
  readonly addresses: readonly Address[];
  readonly dial: Dial;
  /** Who chose the addresses, for the error that says they cannot be reached. */
  readonly origin: string;
}

export class Connection {
  readonly #options: ConnectionOptions;
  /** Which server answered at an address, as its handshake said. */
  readonly #names = new Map<string, string>();
  #leaderName: string | undefined;
  #dialling: Promise<Channel> | undefined;
  #current: { channel: Channel; address: Address } | undefined;
  #server: ServerIdentity | undefined;
  /** Where a connection broke last: dialled after the others. */
  #lostAt: string | undefined;
  readonly #closing = new AbortController();

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** The server that answered last; undefined before the first handshake. */
  get server(): ServerIdentity | undefined {
    return this.#server;
  }

  /** Connects if it is not connected. @returns who answers. Rejects with UNREACHABLE: nothing was sent. */
  async open(deadline: Deadline): Promise<ServerIdentity> {
    return (await this.#channel(deadline)).server;
  }

  get addressCount(): number {
    return this.#options.addresses.length;
  }

  /** A connection to each address alone, none connected yet: for who has to choose among them. They are the caller's to close. */
  separately(): Connection[] {
    return this.#options.addresses.map((address) => new Connection({ ...this.#options, addresses: [address] }));
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
      const channel = await this.#channel(deadline);
      const remaining = deadline.remainingMs;
      if (remaining === 0) throw unsentTimeout(deadline, this.#current?.address);
      try {
        return await channel.call(makeRequest(deadline.serverMs), remaining, deadline.signal);
      } catch (thrown) {
        const error = toRaftctlError(thrown);
        if (error.code === "STOPPED" && deadline.aborted) throw cancelled(deadline.signal!, !isUnsent(error));
        if (error.code === "CONNECTION_LOST" || channel.closed) this.#drop(channel);
        if (error.code !== "CONNECTION_LOST" || !isUnsent(error)) throw error;
        if (attempt > this.addressCount) throw this.#unreachable([attemptOf(this.#options.addresses[0]!, error)]);
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
    this.#current?.channel.close();
    this.#current = undefined;
  }

  #drop(channel: Channel): void {
    if (this.#current?.channel === channel) {
      this.#lostAt = addressText(this.#current.address);
      this.#current = undefined;
    }
    channel.close();
  }

  async #channel(deadline: Deadline): Promise<Channel> {
    for (;;) {
      if (this.closed) throw new RaftctlError("STOPPED", "the client is closed");
      if (deadline.aborted) throw cancelled(deadline.signal!, false);
      if (this.#current?.channel.closed === true) this.#drop(this.#current.channel);
      if (this.#current !== undefined) return this.#current.channel;
      if (this.#dialling === undefined) return deadline.untilAborted(this.#startDialling(deadline));
      // Somebody else's dialling ends with their deadline; ours may be later.
      await deadline.untilAborted(Promise.race([this.#dialling.catch(() => undefined), sleep(deadline.remainingMs, undefined, { ref: false })]));
      if (deadline.passed) throw this.#unreachable([]);
    }
  }

  #startDialling(deadline: Deadline): Promise<Channel> {
    this.#dialling = this.#dialInOrder(deadline).finally(() => {
      this.#dialling = undefined;
    });
    return this.#dialling;
  }

  async #dialInOrder(deadline: Deadline): Promise<Channel> {
    const attempts: Attempt[] = [];
    const addresses = this.#ordered();
    for (const [place, address] of addresses.entries()) {
      if (deadline.passed) break;
      // An address that does not answer must leave time for those behind it.
      const share = deadline.remainingMs / (addresses.length - place);
      try {
        return this.#adopt(address, await this.#options.dial(address, share, this.#closing.signal));
      } catch (thrown) {
        const error = toRaftctlError(thrown);
        if (!isUnreachable(error) || this.closed) throw error;
        attempts.push(attemptOf(address, error));
      }
    }
    throw this.#unreachable(attempts);
  }

  #adopt(address: Address, channel: Channel): Channel {
    if (this.closed) {
      channel.close();
      throw new RaftctlError("STOPPED", "the client is closed");
    }
    this.#current = { channel, address };
    this.#server = channel.server;
    this.#names.set(addressText(address), channel.server.name);
    return channel;
  }

  #ordered(): readonly Address[] {
    const rank = (address: Address): number => {
      const text = addressText(address);
      if (text === this.#lostAt) return 2;
      return this.#leaderName !== undefined && this.#names.get(text) === this.#leaderName ? 0 : 1;
    };
    return this.#options.addresses.toSorted((left, right) => rank(left) - rank(right));
  }

  #unreachable(attempts: readonly Attempt[]): RaftctlError {
    const { origin } = this.#options;
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

function attemptOf(address: Address, error: RaftctlError): Attempt {
  return { address: addressText(address), code: error.code, message: error.message };
}

function unsentTimeout(deadline: Deadline, address: Address | undefined): RaftctlError {
  const where = address === undefined ? "" : ` to ${addressText(address)}`;
  return new RaftctlError("UNREACHABLE", `not sent${where}: no time was left of ${deadline.timeoutMs} ms`, { details: { sent: false } });
}

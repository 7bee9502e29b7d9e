// One daemon's address, and the one connection to it that all callers share: requests and watches alike. It is dialled when somebody needs it. A connection on
// which nothing arrived while a call waited for all of its time leads to somebody who is stopped or unreachable: it is given no further calls until it is heard of
// again. Its calls under way keep their own time limits.

import { setTimeout as sleep } from "node:timers/promises";
import { RaftctlError } from "../base/errors.ts";
import { addressText, type Address, type Channel, type Dial } from "./channel.ts";

/** A call with less time than this says nothing about the other side, ms. */
export const silenceMsMin = 250;

export class Endpoint {
  readonly address: Address;
  /** Of the address. */
  readonly text: string;
  readonly #dial: Dial;
  readonly #closing: AbortSignal;
  #channel: Channel | undefined;
  #dialling: Promise<Channel> | undefined;
  /** What had been heard when it was found silent. */
  #heardLast: number | undefined;

  /** @param closing the client is closed: nothing is dialled any more */
  constructor(address: Address, dial: Dial, closing: AbortSignal) {
    this.address = address;
    this.text = addressText(address);
    this.#dial = dial;
    this.#closing = closing;
  }

  /** That calls may be sent over; undefined: it has to be opened first. */
  get channel(): Channel | undefined {
    if (this.#channel === undefined || this.#channel.closed || this.isSilent) return undefined;
    return this.#channel;
  }

  /** It let a call wait in vain and has not been heard of since. */
  get isSilent(): boolean {
    return this.#heardLast !== undefined && this.#channel?.heard === this.#heardLast;
  }

  /** Rejects as a dial. A silent connection gives way to the new one. */
  async open(timeoutMs: number): Promise<Channel> {
    if (this.channel !== undefined) return this.channel;
    if (this.#dialling !== undefined) return this.#inTime(this.#dialling, timeoutMs);
    this.#dialling = this.#dialAnew(timeoutMs).finally(() => {
      this.#dialling = undefined;
    });
    return this.#dialling;
  }

  /** A call over this channel ended without an answer. @param heardBefore of the channel, when the call began */
  fellSilent(channel: Channel, heardBefore: number, waitedMs: number): void {
    if (channel === this.#channel && channel.heard === heardBefore && waitedMs >= silenceMsMin) this.#heardLast = heardBefore;
  }

  close(): void {
    this.#channel?.close();
    this.#channel = undefined;
  }

  async #dialAnew(timeoutMs: number): Promise<Channel> {
    const channel = await this.#dial(this.address, timeoutMs, this.#closing);
    if (this.#closing.aborted) {
      channel.close();
      throw new RaftctlError("STOPPED", "the client is closed");
    }
    const heardOfMeanwhile = this.channel;
    if (heardOfMeanwhile !== undefined) {
      channel.close();
      return heardOfMeanwhile;
    }
    this.close();
    this.#channel = channel;
    this.#heardLast = undefined;
    return channel;
  }

  /** Somebody else's dialling may take longer than this caller likes. */
  async #inTime(dialling: Promise<Channel>, timeoutMs: number): Promise<Channel> {
    const late = sleep(timeoutMs, undefined, { ref: false }).then(() => {
      throw new RaftctlError("UNREACHABLE", `cannot connect to ${this.text}: no answer within ${Math.round(timeoutMs)} ms`, { details: { sent: false } });
    });
    return Promise.race([dialling, late]);
  }
}

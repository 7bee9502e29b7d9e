// The way to one peer: one connection that is kept, dialled by the first call that needs it. Only this side dials it and dials it again, after
// a loss with exponential back-off and jitter; a call during the back-off fails at once with what the last attempt met. A call while the link
// is being dialled waits for it within its own timeout. The address is looked up at every call: when it has changed, the old connection is
// closed and the call goes to the new one.

import type { Clock, Timer } from "../base/clock.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import type { Prng } from "../base/prng.ts";
import type { WireFields } from "../wire/frame.ts";
import { CallChannel } from "./call-channel.ts";
import type { FramedSocket } from "./framed-socket.ts";

export interface PeerLinkOptions {
  readonly clock: Clock;
  readonly prng: Prng;
  /** For errors: "node 7421". */
  readonly name: string;
  /** undefined: the peer is not known (any more). */
  readonly address: () => string | undefined;
  /** Connects and shakes hands, or throws. */
  readonly dial: (address: string) => Promise<FramedSocket>;
  readonly inFlightMax: number;
  readonly frameBytesMax: number;
  readonly pingMs: number;
  readonly backoffMsMin: number;
  readonly backoffMsMax: number;
  /** Without a call for this long the connection is closed; undefined: it stays. */
  readonly idleMs: number | undefined;
  readonly onConnect: () => void;
}

export interface CallLimits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export class PeerLink {
  readonly #options: PeerLinkOptions;
  #address: string | undefined;
  #channel: CallChannel | undefined;
  #dialling: Promise<CallChannel> | undefined;
  #waiting = 0;
  #failures = 0;
  #notBefore = 0;
  #lastError: RaftctlError | undefined;
  #idleTimer: Timer | undefined;
  #callsSinceIdleCheck = 0;

  constructor(options: PeerLinkOptions) {
    this.#options = options;
  }

  get state(): "connected" | "connecting" | "closed" {
    if (this.#channel !== undefined) return "connected";
    return this.#dialling === undefined ? "closed" : "connecting";
  }

  get rttMs(): number | undefined {
    return this.#channel?.rttMs;
  }

  /** Of the connection before this one, or of the last attempt. */
  get lastError(): RaftctlError | undefined {
    return this.#lastError;
  }

  /** As CallChannel.call. */
  call<T>(fields: WireFields, decode: (fields: WireFields) => T, options: CallLimits): Promise<T> {
    this.#followAddress();
    this.#callsSinceIdleCheck += 1;
    if (this.#channel !== undefined) return this.#channel.call(fields, decode, options.timeoutMs, options.signal);
    return this.#callAfterDialling(fields, decode, options);
  }

  close(reason: RaftctlError): void {
    this.#idleTimer?.cancel();
    this.#address = undefined;
    this.#dialling = undefined;
    this.#channel?.close(reason);
    this.#channel = undefined;
  }

  #followAddress(): void {
    const address = this.#options.address();
    if (address === this.#address) return;
    if (this.#address !== undefined) this.close(new RaftctlError("STOPPED", `${this.#options.name} has another address now`));
    this.#address = address;
    this.#failures = 0;
    this.#notBefore = 0;
  }

  async #callAfterDialling<T>(fields: WireFields, decode: (fields: WireFields) => T, options: CallLimits): Promise<T> {
    const start = this.#options.clock.now();
    const channel = await this.#waitForChannel(options);
    const leftMs = options.timeoutMs - (this.#options.clock.now() - start);
    return channel.call(fields, decode, Math.max(1, leftMs), options.signal);
  }

  #waitForChannel(limits: CallLimits): Promise<CallChannel> {
    const { clock, name, inFlightMax } = this.#options;
    const details = { sent: false };
    const dialling = this.#dialling ?? this.#startDialling();
    if (dialling instanceof RaftctlError) return Promise.reject(dialling);
    if (this.#waiting >= inFlightMax) return Promise.reject(new RaftctlError("BUSY", `${this.#waiting} calls wait for a connection to ${name}`, { details }));
    this.#waiting += 1;
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        timer.cancel();
        limits.signal?.removeEventListener("abort", onAbort);
        settle();
      };
      const onAbort = (): void => end(() => reject(new RaftctlError("STOPPED", `the call to ${name} was given up`, { details })));
      const timer = clock.at(clock.now() + limits.timeoutMs, () =>
        end(() => reject(new RaftctlError("TIMEOUT", `no connection to ${name} within ${Math.round(limits.timeoutMs)} ms`, { details }))));
      limits.signal?.addEventListener("abort", onAbort, { once: true });
      dialling.then((channel) => end(() => resolve(channel)), (error: unknown) => end(() => reject(error)));
    }).finally(() => (this.#waiting -= 1)) as Promise<CallChannel>;
  }

  /** An error when nothing may be dialled now. */
  #startDialling(): Promise<CallChannel> | RaftctlError {
    const { clock, name } = this.#options;
    const address = this.#address;
    const details = { sent: false };
    if (address === undefined) return new RaftctlError("UNREACHABLE", `no address is known for ${name}`, { details });
    const waitMs = this.#notBefore - clock.now();
    if (waitMs > 0) {
      const lastError = this.#lastError;
      // A refusal stays what it is: waiting does not heal another cluster's address.
      const code = lastError === undefined || lastError.retryable ? "UNREACHABLE" : lastError.code;
      return new RaftctlError(code, `${name} at ${address}: ${lastError?.message ?? "closed"}`, {
        cause: lastError,
        details: { sent: false, nextAttemptMs: Math.ceil(waitMs) },
      });
    }
    const dialling = this.#dial(address);
    this.#dialling = dialling;
    return dialling;
  }

  async #dial(address: string): Promise<CallChannel> {
    try {
      const socket = await this.#options.dial(address);
      return this.#connected(address, socket);
    } catch (error) {
      if (this.#address === address) this.#backOff(toRaftctlError(error));
      throw error;
    }
  }

  #connected(address: string, socket: FramedSocket): CallChannel {
    const { clock, inFlightMax, frameBytesMax, pingMs } = this.#options;
    if (this.#address !== address) {
      socket.destroy();
      throw new RaftctlError("UNREACHABLE", `${this.#options.name} left ${address} while it was dialled`, { details: { sent: false } });
    }
    const since = clock.now();
    const channel = new CallChannel(socket, {
      clock, inFlightMax, frameBytesMax, pingMs,
      onClose: (error) => {
        if (this.#channel === channel) this.#lost(error, clock.now() - since);
      },
    });
    this.#dialling = undefined;
    this.#channel = channel;
    this.#options.onConnect();
    this.#watchIdle();
    return channel;
  }

  #lost(error: RaftctlError, heldMs: number): void {
    this.#channel = undefined;
    this.#idleTimer?.cancel();
    // A connection that held proves that the peer is well: what went before is forgotten.
    if (heldMs > this.#options.backoffMsMax) this.#failures = 0;
    this.#backOff(error);
  }

  #backOff(error: RaftctlError): void {
    const { clock, prng, backoffMsMin, backoffMsMax } = this.#options;
    this.#lastError = error;
    this.#dialling = undefined;
    const delayMs = Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(this.#failures, 20));
    this.#failures += 1;
    this.#notBefore = clock.now() + delayMs * (0.5 + prng.next() / 2);
  }

  #watchIdle(): void {
    const { clock, idleMs } = this.#options;
    if (idleMs === undefined) return;
    this.#callsSinceIdleCheck = 0;
    this.#idleTimer = clock.at(clock.now() + idleMs, () => {
      if (this.#callsSinceIdleCheck > 0 || (this.#channel?.inFlight ?? 0) > 0) return this.#watchIdle();
      this.close(new RaftctlError("STOPPED", "the connection was not used"));
    });
  }
}

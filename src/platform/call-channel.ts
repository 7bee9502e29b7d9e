// The asking side of one connection after its handshake: requests multiplexed by id, answers in any order, a deadline for each call, a bound
// on calls under way, and pings that find out that the other side is gone. When the connection ends, every call under way fails at once with
// CONNECTION_LOST, or with what the other side gave as its reason. Errors say in details.sent whether the request may have reached anybody.
// It does not dial and does not reconnect; peer-link.ts and request-connection.ts do.

import type { Clock, Timer } from "../base/clock.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import { messagePackCodec } from "../wire/codec.ts";
import { decodeControl, encodeDisconnect, encodePing, encodePong } from "../wire/control.ts";
import { openEnvelope } from "../wire/envelope.ts";
import { frameBytes, frameHeaderBytes, type WireFields } from "../wire/frame.ts";
import type { FramedSocket } from "./framed-socket.ts";
import { PendingCalls } from "./pending-calls.ts";

export interface CallChannelOptions {
  readonly clock: Clock;
  /** Calls under way; one more is refused with BUSY. */
  readonly inFlightMax: number;
  /** The other side refuses longer frames, so they are not even sent. */
  readonly frameBytesMax: number;
  /** After two of these in a row without a sign of life the connection is given up. */
  readonly pingMs: number;
  readonly onClose: (error: RaftctlError) => void;
}

export class CallChannel {
  readonly #socket: FramedSocket;
  readonly #options: CallChannelOptions;
  readonly #pending: PendingCalls;
  #pingTimer: Timer | undefined;
  #heard = 0;
  #heardAtPing = -1;
  #silentPings = 0;
  #pingNumber = 0;
  #pingSentAt = 0;
  #rttMs: number | undefined;
  #reason: RaftctlError | undefined;
  #closed = false;

  constructor(socket: FramedSocket, options: CallChannelOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#pending = new PendingCalls(options.clock, socket.name);
    socket.receive((payload) => this.#receive(payload), (error) => this.#finish(error));
    if (!this.#closed) this.#ping();
  }

  get closed(): boolean {
    return this.#closed || this.#socket.closed;
  }

  /** How many frames have arrived. */
  get heard(): number {
    return this.#heard;
  }

  /** Of the last ping; undefined until the first one came back. */
  get rttMs(): number | undefined {
    return this.#rttMs;
  }

  get inFlight(): number {
    return this.#pending.size;
  }

  /**
   * @param fields of a request, with a free place for the request id in front.
   * @param decode reads the response, or throws the error that it carries.
   */
  call<T>(fields: WireFields, decode: (fields: WireFields) => T, timeoutMs: number, signal?: AbortSignal): Promise<T> {
    const refusal = this.#refusal(signal);
    if (refusal !== undefined) return Promise.reject(refusal);
    const id = this.#pending.nextId();
    fields[0] = id;
    const frame = this.#socket.encode(fields);
    if (frameBytes(frame) - frameHeaderBytes > this.#options.frameBytesMax) {
      this.#socket.abandon(frame);
      return Promise.reject(this.#tooLarge(frameBytes(frame)));
    }
    const answer = new Promise<T>((resolve, reject) => {
      this.#pending.add({ decode, resolve, reject, deadline: this.#options.clock.now() + timeoutMs, timeoutMs });
      this.#socket.send(frame);
    });
    return signal === undefined ? answer : this.#untilAborted(id, answer, signal);
  }

  /** Fails the calls under way with the reason, tells it to the other side, and closes. */
  close(reason: RaftctlError): void {
    if (this.closed) return;
    this.#reason = reason;
    this.#socket.sendFields(encodeDisconnect(reason));
    this.#socket.close();
    this.#finish(reason);
  }

  #refusal(signal: AbortSignal | undefined): RaftctlError | undefined {
    const details = { sent: false };
    if (signal?.aborted === true) return new RaftctlError("STOPPED", `the call to ${this.#socket.name} was given up`, { details });
    if (this.closed) return new RaftctlError("CONNECTION_LOST", `the connection to ${this.#socket.name} is closed`, { details });
    if (this.#pending.size < this.#options.inFlightMax) return undefined;
    return new RaftctlError("BUSY", `${this.#pending.size} calls to ${this.#socket.name} are under way (at most ${this.#options.inFlightMax})`, { details });
  }

  #tooLarge(bytes: number): RaftctlError {
    return new RaftctlError("TOO_LARGE", `a request of ${bytes} bytes to ${this.#socket.name} (at most ${this.#options.frameBytesMax})`, {
      details: { sent: false },
    });
  }

  /** The signal may live much longer than the call, so the call leaves nothing behind on it. */
  #untilAborted<T>(id: number, answer: Promise<T>, signal: AbortSignal): Promise<T> {
    const onAbort = (): void =>
      this.#pending.take(id)?.reject(new RaftctlError("STOPPED", `the call to ${this.#socket.name} was given up`, { details: { sent: true } }));
    signal.addEventListener("abort", onAbort);
    return answer.finally(() => signal.removeEventListener("abort", onAbort));
  }

  #receive(payload: Uint8Array): void {
    this.#heard += 1;
    try {
      const fields = openEnvelope(messagePackCodec.decode(payload));
      if (fields[0] === 0) this.#obey(fields);
      else this.#answer(fields);
    } catch (error) {
      this.#socket.destroy(toRaftctlError(error));
    }
  }

  #answer(fields: WireFields): void {
    const call = this.#pending.take(fields[0] as number);
    if (call === undefined) return;
    try {
      call.resolve(call.decode(fields) as never);
    } catch (error) {
      call.reject(error);
    }
  }

  #obey(fields: WireFields): void {
    const control = decodeControl(fields);
    if (control.kind === "ping") this.#socket.sendFields(encodePong(control.number));
    else if (control.kind === "disconnect") this.#reason = control.reason;
    else if (control.number === this.#pingNumber) this.#rttMs = this.#options.clock.now() - this.#pingSentAt;
  }

  #ping(): void {
    this.#silentPings = this.#heard > this.#heardAtPing ? 0 : this.#silentPings + 1;
    if (this.#silentPings >= 2) {
      const silentMs = this.#options.pingMs * 2;
      this.#socket.destroy(new RaftctlError("CONNECTION_LOST", `nothing was heard from ${this.#socket.name} for ${silentMs} ms`));
      return;
    }
    this.#heardAtPing = this.#heard;
    this.#pingNumber += 1;
    this.#pingSentAt = this.#options.clock.now();
    this.#socket.sendFields(encodePing(this.#pingNumber));
    this.#pingTimer = this.#options.clock.at(this.#pingSentAt + this.#options.pingMs, () => this.#ping());
  }

  #finish(error: RaftctlError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pingTimer?.cancel();
    const why = (this.#reason ?? error)?.message ?? `${this.#socket.name} closed the connection`;
    const lost = new RaftctlError("CONNECTION_LOST", why, { details: { sent: true }, cause: this.#reason ?? error });
    this.#pending.rejectAll(lost);
    this.#options.onClose(lost);
  }
}

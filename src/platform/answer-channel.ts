// The answering side of one connection after its handshake: requests come in, answers go out as they are ready, in any order, those of one turn
// in one write. A request that cannot be read is answered with its error; a frame that is no message at all ends the connection. More requests
// under way than the bound are answered with BUSY. While it drains, it answers what is under way, refuses new requests and then closes.

import { AssertionFailure } from "../base/assert.ts";
import type { Clock, Timer } from "../base/clock.ts";
import type { MaybePromise } from "../base/deferred.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import { messagePackCodec } from "../wire/codec.ts";
import { decodeControl, encodeDisconnect, encodePong } from "../wire/control.ts";
import { encodeErrorResponse, openEnvelope } from "../wire/envelope.ts";
import { type Frame, frameBytes, frameHeaderBytes, type WireFields } from "../wire/frame.ts";
import type { FramedSocket } from "./framed-socket.ts";

/** How requests of one kind are read, answered and written. */
export interface Answering<Request, Response> {
  /** Throws what the asker is told. */
  decode(fields: WireFields): Request;
  /** Throws or rejects with what the asker is told. */
  answer(request: Request): MaybePromise<Response>;
  /** With a free place for the request id in front. */
  encode(request: Request, response: Response): WireFields;
}

export interface AnswerChannelOptions {
  readonly clock: Clock;
  readonly inFlightMax: number;
  readonly frameBytesMax: number;
  /** Without any frame for this long, and with nothing to answer, the connection is closed; undefined: never. */
  readonly silenceMs: number | undefined;
  readonly onClose: (error: RaftctlError | undefined) => void;
}

export class AnswerChannel<Request, Response> {
  readonly #socket: FramedSocket;
  readonly #answering: Answering<Request, Response>;
  readonly #options: AnswerChannelOptions;
  #inFlight = 0;
  #heard = true;
  #silenceTimer: Timer | undefined;
  #draining: RaftctlError | undefined;
  /** Made once: who is refused the most costs the least. */
  readonly #busy: RaftctlError;

  constructor(socket: FramedSocket, answering: Answering<Request, Response>, options: AnswerChannelOptions) {
    this.#socket = socket;
    this.#answering = answering;
    this.#options = options;
    this.#busy = new RaftctlError("BUSY", `${options.inFlightMax} requests of this connection are under way already, which is the most`);
    if (options.silenceMs !== undefined) this.#watchSilence(options.silenceMs);
    socket.receive((payload) => this.#receive(payload), (error) => this.#finish(error));
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Answers what is under way, then says why and closes. */
  drain(reason: RaftctlError): void {
    this.#draining ??= reason;
    this.#closeWhenDrained();
  }

  /** Says why and closes; what is under way is not answered. */
  close(reason: RaftctlError): void {
    this.#socket.sendFields(encodeDisconnect(reason));
    this.#socket.close();
  }

  #receive(payload: Uint8Array): void {
    this.#heard = true;
    let fields: WireFields;
    try {
      fields = openEnvelope(messagePackCodec.decode(payload));
      if (fields[0] === 0) return this.#obey(fields);
    } catch (error) {
      return this.close(toRaftctlError(error));
    }
    this.#serve(fields[0] as number, fields);
  }

  #serve(id: number, fields: WireFields): void {
    const refusal = this.#refusal();
    if (refusal !== undefined) return this.#socket.sendFields(encodeErrorResponse(id, refusal));
    this.#inFlight += 1;
    let request: Request;
    let response: MaybePromise<Response>;
    try {
      request = this.#answering.decode(fields);
      response = this.#answering.answer(request);
    } catch (error) {
      return this.#fail(id, error);
    }
    if (response instanceof Promise) response.then((value) => this.#succeed(id, request, value), (error: unknown) => this.#fail(id, error));
    else this.#succeed(id, request, response);
  }

  #refusal(): RaftctlError | undefined {
    if (this.#draining !== undefined) return this.#draining;
    return this.#inFlight < this.#options.inFlightMax ? undefined : this.#busy;
  }

  #succeed(id: number, request: Request, response: Response): void {
    let frame: Frame;
    try {
      frame = this.#encode(id, request, response);
    } catch (error) {
      return this.#fail(id, error);
    }
    this.#socket.send(frame);
    this.#settled();
  }

  #encode(id: number, request: Request, response: Response): Frame {
    const fields = this.#answering.encode(request, response);
    fields[0] = id;
    const frame = this.#socket.encode(fields);
    const bytes = frameBytes(frame) - frameHeaderBytes;
    const refusal = this.#refusalOf(bytes);
    if (refusal === undefined) return frame;
    this.#socket.abandon(frame);
    throw refusal;
  }

  #refusalOf(answerBytes: number): RaftctlError | undefined {
    if (answerBytes > this.#options.frameBytesMax) return answerTooLarge(answerBytes, this.#options.frameBytesMax);
    if (this.#socket.hasRoomFor(answerBytes)) return undefined;
    return new RaftctlError("BUSY", `${this.#socket.waitingBytes} bytes of answers wait to be read`);
  }

  #fail(id: number, error: unknown): void {
    // Our own bug must not be passed off as an answer: it ends the process.
    if (error instanceof AssertionFailure) throw error;
    this.#socket.sendFields(encodeErrorResponse(id, error));
    this.#settled();
  }

  #settled(): void {
    this.#inFlight -= 1;
    this.#closeWhenDrained();
  }

  #closeWhenDrained(): void {
    if (this.#draining !== undefined && this.#inFlight === 0 && !this.#socket.closed) this.close(this.#draining);
  }

  #obey(fields: WireFields): void {
    const control = decodeControl(fields);
    if (control.kind === "ping") this.#socket.sendFields(encodePong(control.number));
    else if (control.kind === "disconnect") this.#socket.close();
  }

  #watchSilence(silenceMs: number): void {
    this.#silenceTimer = this.#options.clock.at(this.#options.clock.now() + silenceMs, () => {
      if (!this.#heard && this.#inFlight === 0) {
        return this.close(new RaftctlError("CONNECTION_LOST", `nothing was heard from ${this.#socket.name} for ${silenceMs} ms`));
      }
      this.#heard = false;
      this.#watchSilence(silenceMs);
    });
  }

  #finish(error: RaftctlError | undefined): void {
    this.#silenceTimer?.cancel();
    this.#options.onClose(error);
  }
}

function answerTooLarge(bytes: number, bytesMax: number): RaftctlError {
  return new RaftctlError("TOO_LARGE", `the answer has ${bytes} bytes (at most ${bytesMax})`, { hint: "ask for less: a smaller --limit, or --keys-only" });
}

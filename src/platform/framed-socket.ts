// Frames over one TCP, TLS or Unix socket. All frames that are sent in one turn of the event loop leave in one write at its end. It bounds what
// waits to be sent, how long one frame may take to arrive, and, through the decoder, how long a frame may be; whoever breaks a bound is cut off
// with a reason. It knows nothing of handshakes or messages.
//
// Received payloads are views on the chunk from the socket: valid for ever, but a small one that is kept keeps its chunk.

import type { Socket } from "node:net";
import { crc32 } from "node:zlib";
import type { Clock, Timer } from "../base/clock.ts";
import { emptyBytes } from "../base/bytes.ts";
import { RaftctlError } from "../base/errors.ts";
import { messagePackCodec } from "../wire/codec.ts";
import { type Frame, FrameDecoder, FrameEncoder, frameBytes, type WireFields } from "../wire/frame.ts";
import { httpRefusal } from "./http-refusal.ts";

export interface FramedSocketOptions {
  readonly clock: Clock;
  /** For errors: "peer 7421 (10.0.0.2:7001)". */
  readonly name: string;
  /** Of one frame that arrives; may be raised after the handshake. */
  readonly payloadBytesMax: number;
  /** Frames that wait for the other side to read; beyond this the connection is closed. */
  readonly sendQueueBytesMax: number;
  /** From the first byte of a frame to its last. */
  readonly frameTimeoutMs?: number;
  /** While more than this waits to be sent, nothing is read: a slow reader slows down his own requests, and is cut off when he never reads. */
  readonly pauseReadingAboveBytes?: number;
}

type OnFrame = (payload: Uint8Array) => void;
type OnClose = (error: RaftctlError | undefined) => void;

/** Up to here the frames of a turn are copied into one buffer, which costs less than handing many to the kernel. */
const joinBytesMax = 64 * 1024;
/** How long a closing connection may take to deliver its last words. */
const closeGraceMs = 1_000;
const frameTimeoutMsDefault = 10_000;
/** How long a reader may leave the queue above the mark. */
const stalledReaderMs = 10_000;

export class FramedSocket {
  readonly name: string;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #options: FramedSocketOptions;
  readonly #decoder: FrameDecoder;
  readonly #encoder: FrameEncoder;
  #onFrame: OnFrame | undefined;
  #onClose: OnClose | undefined;
  /** What arrived before somebody wanted it. */
  #early: Uint8Array[] = [];
  #parts: Uint8Array[] = [];
  #partsBytes = 0;
  /** Counts frames, so that a timer can see whether the one it watches is still the same. */
  #framesReceived = 0;
  #frameTimer: Timer | undefined;
  /** Armed while nothing is read because too much waits to be sent. */
  #stallTimer: Timer | undefined;
  #closing = false;
  #closed = false;
  #error: RaftctlError | undefined;

  constructor(socket: Socket, options: FramedSocketOptions) {
    this.name = options.name;
    this.#socket = socket;
    this.#clock = options.clock;
    this.#options = options;
    this.#decoder = new FrameDecoder(options.payloadBytesMax, crc32);
    this.#encoder = new FrameEncoder(messagePackCodec, crc32);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 30_000);
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("end", () => socket.destroy());
    socket.on("error", (error) => this.#fail(new RaftctlError("CONNECTION_LOST", `connection to ${this.name}: ${error.message}`, { cause: error })));
    socket.on("close", () => this.#finish());
  }

  get closed(): boolean {
    return this.#closing || this.#closed;
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  get payloadBytesMax(): number {
    return this.#decoder.payloadBytesMax;
  }

  set payloadBytesMax(bytes: number) {
    this.#decoder.payloadBytesMax = bytes;
  }

  /** Whoever calls last receives everything that is not delivered yet. `onClose` is called once, with what ended the connection if that was not us. */
  receive(onFrame: OnFrame, onClose: OnClose): void {
    this.#onFrame = onFrame;
    this.#onClose = onClose;
    const early = this.#early;
    this.#early = [];
    for (const payload of early) this.#deliver(payload);
    if (this.#closed) onClose(this.#error);
  }

  /** Besides `onClose` of `receive`, for whoever only counts connections. */
  onceClosed(call: () => void): void {
    if (this.#closed) call();
    else this.#socket.once("close", call);
  }

  /** Whatever arrives is kept until the next `receive`. */
  pauseDelivery(): void {
    this.#onFrame = undefined;
    this.#onClose = undefined;
  }

  encode(fields: WireFields): Frame {
    return this.#encoder.encode(fields);
  }

  /** The frame that was encoded last will not be sent. */
  abandon(frame: Frame): void {
    this.#encoder.abandon(frame);
  }

  /** Encodes and queues; it leaves at the end of this turn. */
  sendFields(fields: WireFields): void {
    this.send(this.#encoder.encode(fields));
  }

  /** Queues a frame; it leaves at the end of this turn. After the end of the connection it is dropped. */
  send(frame: Frame): void {
    if (this.closed) return;
    const bytes = frameBytes(frame);
    const waiting = this.waitingBytes + bytes;
    if (waiting > this.#options.sendQueueBytesMax) return this.#cutOffReader(waiting);
    if (this.#partsBytes === 0) this.#clock.endOfTurn(() => this.#flush());
    this.#parts.push(frame.head);
    if (frame.tail !== undefined) this.#parts.push(frame.tail);
    this.#partsBytes += bytes;
    // At once and not at the end of the turn: one turn may read megabytes of requests.
    if (this.#stallTimer === undefined && waiting > (this.#options.pauseReadingAboveBytes ?? Infinity)) this.#pauseReading();
  }

  /** What the other side has not read yet. */
  get waitingBytes(): number {
    return this.#partsBytes + this.#socket.writableLength;
  }

  /** False when an answer of this size would come near to the bound: a typed refusal still fits then. */
  hasRoomFor(bytes: number): boolean {
    return this.waitingBytes + bytes <= this.#options.sendQueueBytesMax * 0.75;
  }

  /** Sends what is queued, then closes; who does not read it within a second is cut off. */
  close(): void {
    if (this.closed) return;
    this.#flush();
    this.#closeAfter(emptyBytes);
  }

  #closeAfter(lastWords: Uint8Array): void {
    this.#closing = true;
    this.#decoder.stop();
    this.#socket.end(lastWords);
    const timer = this.#clock.at(this.#clock.now() + closeGraceMs, () => this.#socket.destroy());
    this.#socket.once("close", () => timer.cancel());
  }

  /** Closes at once. */
  destroy(error?: RaftctlError): void {
    if (error !== undefined) this.#error ??= error;
    this.#closing = true;
    this.#parts = [];
    this.#partsBytes = 0;
    this.#decoder.stop();
    this.#socket.destroy();
  }

  #cutOffReader(waiting: number): void {
    const { sendQueueBytesMax } = this.#options;
    this.destroy(new RaftctlError("BUSY", `${this.name} does not read: ${waiting} bytes wait in its send queue (at most ${sendQueueBytesMax})`));
  }

  #pauseReading(): void {
    this.#socket.pause();
    this.#stallTimer = this.#clock.at(this.#clock.now() + stalledReaderMs, () => this.#cutOffReader(this.waitingBytes));
  }

  #resumeReading(): void {
    if (this.#stallTimer === undefined || this.waitingBytes > this.#options.pauseReadingAboveBytes!) return;
    this.#stallTimer.cancel();
    this.#stallTimer = undefined;
    this.#socket.resume();
  }

  #flush(): void {
    if (this.#partsBytes === 0 || this.#closed) return;
    const parts = this.#parts;
    const bytes = this.#partsBytes;
    this.#parts = [];
    this.#partsBytes = 0;
    const onWritten = this.#stallTimer === undefined ? undefined : () => this.#resumeReading();
    if (parts.length === 1) this.#socket.write(parts[0]!, onWritten);
    else if (bytes <= joinBytesMax) this.#socket.write(Buffer.concat(parts, bytes), onWritten);
    else this.#writeAll(parts, onWritten);
  }

  #writeAll(parts: Uint8Array[], onWritten: (() => void) | undefined): void {
    this.#socket.cork();
    const last = parts.pop()!;
    for (const part of parts) this.#socket.write(part);
    this.#socket.write(last, onWritten);
    this.#socket.uncork();
  }

  #read(chunk: Buffer): void {
    try {
      this.#decoder.push(chunk, (payload) => this.#deliver(payload));
    } catch (error) {
      if (!(error instanceof RaftctlError)) throw error;
      this.#refuse(error);
      return;
    }
    if (this.#decoder.insideFrame && this.#frameTimer === undefined) this.#watchFrame();
  }

  #deliver(payload: Uint8Array): void {
    this.#framesReceived += 1;
    if (this.#onFrame === undefined) this.#early.push(payload);
    else this.#onFrame(payload);
  }

  /** One timer for as long as frames are seen to straddle, not one for each. */
  #watchFrame(): void {
    const frame = this.#framesReceived;
    const timeoutMs = this.#options.frameTimeoutMs ?? frameTimeoutMsDefault;
    this.#frameTimer = this.#clock.at(this.#clock.now() + timeoutMs, () => {
      this.#frameTimer = undefined;
      if (!this.#decoder.insideFrame || this.closed) return;
      if (this.#framesReceived === frame) this.#fail(new RaftctlError("TIMEOUT", `${this.name} did not complete a frame within ${timeoutMs} ms`));
      else this.#watchFrame();
    });
  }

  #refuse({ code, message, hint, details }: RaftctlError): void {
    const error = new RaftctlError(code, `${this.name} sent ${message}`, { ...(hint === undefined ? {} : { hint }), ...(details === undefined ? {} : { details }) });
    if (details?.["speaks"] !== "http-request") return this.#fail(error);
    this.#error ??= error;
    this.#closeAfter(httpRefusal(error));
  }

  #fail(error: RaftctlError): void {
    this.destroy(error);
  }

  #finish(): void {
    this.#closed = true;
    this.#closing = true;
    this.#frameTimer?.cancel();
    this.#stallTimer?.cancel();
    this.#parts = [];
    this.#partsBytes = 0;
    this.#onClose?.(this.#error);
  }
}

// Serves clients over HTTP/1.1: whole requests in, whole answers out, or streams (http-stream.ts). It bounds connections, also of one address, what a request and its body may
// measure and how long they may take, and how many bytes of bodies and answers are held at once; node:http's parser refuses what is no HTTP. It knows no
// path and no meaning: what it refuses by itself its owner puts into words.

import { createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { AssertionFailure } from "../base/assert.ts";
import type { Clock } from "../base/clock.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import { AddressFilter, type AllowedNetwork } from "./address-filter.ts";
import { announcedBytes, readBody } from "./http-body.ts";
import { StreamWriter, type HttpStream, type HttpStreamLimits } from "./http-stream.ts";

export interface HttpRequest {
  readonly method: string;
  /** Path and query, as they stand in the request line. */
  readonly target: string;
  /** Of a header that came twice: both values, with a comma between them. */
  readonly header: (name: string) => string | undefined;
  readonly body: Uint8Array;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface HttpServerOptions {
  readonly clock: Clock;
  /** Port 0 takes any free one. */
  readonly address: { readonly host: string; readonly port: number };
  readonly answer: (request: HttpRequest) => Promise<HttpAnswer | HttpStream>;
  /** The answer to what never becomes a request: not HTTP, too large, too slow, too many. */
  readonly refuse: (error: RaftctlError) => HttpAnswer;
  readonly limits: HttpServerLimits;
  /** undefined: everybody. */
  readonly allowedNetworks: readonly AllowedNetwork[] | undefined;
}

export interface HttpServerLimits extends HttpStreamLimits {
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  readonly inFlightPerConnectionMax: number;
  /** Of all connections; one connection has one at a time. */
  readonly streamsMax: number;
  readonly bodyBytesMax: number;
  /** Bodies that arrive and answers that leave, of all connections together. */
  readonly heldBytesMax: number;
  /** From the first byte of a request to the last of its headers, and to the last of its body. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** A connection on which nothing moves, longer than any request may wait for its answer. */
  readonly silenceMs: number;
}

interface Traffic {
  /** Requests that have no answer yet, and those of them that the owner has. */
  underWay: number;
  handedOver: number;
  /** One of them is answered by a stream. */
  streams: boolean;
}

/** Of one request, its body and its answer. */
interface Load {
  readonly traffic: Traffic;
  bytes: number;
  handedOver: boolean;
}

const headerBytesMax = 16 * 1024;
const headersMax = 100;
/** How often Node looks for requests that take too long. */
const checkIntervalMs = 500;

export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #server: Server;
  readonly #filter: AddressFilter | undefined;
  readonly #perAddress = new Map<string, number>();
  readonly #traffic = new Map<Duplex, Traffic>();
  readonly #streams = new Map<HttpStream, StreamWriter>();
  #heldBytes = 0;
  #stopping = false;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    const { limits, allowedNetworks } = options;
    this.#filter = allowedNetworks === undefined ? undefined : new AddressFilter(allowedNetworks);
    this.#server = createServer({
      noDelay: true, headersTimeout: limits.headersTimeoutMs, requestTimeout: limits.requestTimeoutMs, connectionsCheckingInterval: checkIntervalMs, maxHeaderSize: headerBytesMax,
    });
    this.#server.maxConnections = limits.connectionsMax;
    this.#server.maxHeadersCount = headersMax;
    this.#server.setTimeout(limits.silenceMs);
    this.#server.on("connection", (socket: Socket) => this.#admit(socket));
    this.#server.on("request", (request, response) => void this.#serve(request, response));
    this.#server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
      if (announcedBytes(request) <= limits.bodyBytesMax) response.writeContinue();
      void this.#serve(request, response);
    });
    this.#server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => this.#refuseConnection(socket, refusalOf(error)));
  }

  /** Bound and accepting when it resolves. Throws ADDRESS_IN_USE, IO_ERROR. */
  start(): Promise<void> {
    const { host, port } = this.#options.address;
    return new Promise((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException): void => reject(listenError(error, `${host}:${port}`));
      this.#server.once("error", onError);
      this.#server.listen(port, host, () => {
        this.#server.off("error", onError);
        // Errors of accept concern one connection, never the listener.
        this.#server.on("error", () => undefined);
        resolve();
      });
    });
  }

  /** Where it listens, with the port that was taken. */
  get address(): { host: string; port: number } {
    const bound = this.#server.address() as AddressInfo | null;
    return { host: this.#options.address.host, port: bound?.port ?? this.#options.address.port };
  }

  /** Accepts no more, ends the streams, answers what is under way, and closes; after `drainMs` at the latest. */
  async stop(drainMs: number): Promise<void> {
    if (!this.#server.listening) return;
    this.#stopping = true;
    for (const [stream, writer] of this.#streams) {
      stream.cancel();
      writer.hurry();
    }
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const { clock } = this.#options;
    const timer = clock.at(clock.now() + drainMs, () => this.#server.closeAllConnections());
    await closed;
    timer.cancel();
  }

  #admit(socket: Socket): void {
    const remote = socket.remoteAddress ?? "";
    const count = (this.#perAddress.get(remote) ?? 0) + 1;
    this.#perAddress.set(remote, count);
    socket.once("close", () => this.#left(remote));
    const { connectionsPerAddressMax } = this.#options.limits;
    if (this.#filter?.allows(remote) === false) this.#refuseConnection(socket, new RaftctlError("DENIED", `${remote} is in none of the networks of http.allowedNetworks`));
    else if (count > connectionsPerAddressMax) this.#refuseConnection(socket, new RaftctlError("BUSY", `${remote} has ${count - 1} connections already (at most ${connectionsPerAddressMax})`));
  }

  #left(remote: string): void {
    const count = this.#perAddress.get(remote)! - 1;
    if (count === 0) this.#perAddress.delete(remote);
    else this.#perAddress.set(remote, count);
  }

  /** Hears why, as far as he still listens; unless he waits for another answer, for which he would take this one. */
  #refuseConnection(socket: Duplex, error: RaftctlError): void {
    const awaitsAnother = (this.#traffic.get(socket)?.handedOver ?? 0) > 0;
    if (socket.writable && !socket.writableEnded && !awaitsAnother) socket.end(asText(this.#options.refuse(error)), () => socket.destroy());
    else socket.destroy();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    // A connection that was refused may have sent its request all the same.
    if (socket.writableEnded) return;
    const load = this.#began(socket);
    response.once("close", () => this.#settled(socket, load));
    const found = await this.#answer(request, load).catch((error: unknown) => this.#options.refuse(unlessOurBug(error)));
    const answer = "run" in found ? this.#admitStream(found, response, load) : this.#affordable(request, found);
    if ("run" in answer) return this.#pour(answer, request, response, load);
    load.bytes += answer.body.length;
    this.#heldBytes += answer.body.length;
    // What was not read to its end cannot be told from the next request.
    if (this.#stopping || !request.complete) response.shouldKeepAlive = false;
    response.writeHead(answer.status, { ...answer.headers, "content-length": answer.body.length });
    response.end(answer.body);
  }

  /** One on a connection: what is asked behind it would wait for ever. */
  #admitStream(stream: HttpStream, response: ServerResponse, { traffic }: Load): HttpStream | HttpAnswer {
    const refusal = this.#streamRefusal(traffic);
    if (refusal === undefined && !response.closed) {
      traffic.streams = true;
      return stream;
    }
    stream.cancel();
    return this.#options.refuse(refusal ?? new RaftctlError("CONNECTION_LOST", "nobody reads the stream any more"));
  }

  #streamRefusal(traffic: Traffic): RaftctlError | undefined {
    const { streamsMax } = this.#options.limits;
    if (this.#stopping) return new RaftctlError("STOPPED", "the daemon is stopping");
    if (traffic.streams) return new RaftctlError("BUSY", "this connection has a stream already");
    return this.#streams.size >= streamsMax ? new RaftctlError("BUSY", `${this.#streams.size} streams are open already (at most ${streamsMax})`) : undefined;
  }

  /** The connection ends with the stream. */
  async #pour(stream: HttpStream, { method }: IncomingMessage, response: ServerResponse, load: Load): Promise<void> {
    const { clock, limits } = this.#options;
    response.once("close", stream.cancel);
    response.shouldKeepAlive = false;
    response.writeHead(stream.status, stream.headers);
    const writer = new StreamWriter(response, {
      clock, limits, heartbeat: stream.heartbeat, hold: (bytes) => this.#hold(bytes, load), release: (bytes) => this.#release(bytes, load),
    });
    this.#streams.set(stream, writer);
    // Of a HEAD there is nothing more to be told.
    if (method === "HEAD") stream.cancel();
    try {
      await stream.run(writer.write);
      writer.end();
    } catch (error) {
      unlessOurBug(error);
      writer.breakOff();
    } finally {
      this.#streams.delete(stream);
    }
  }

  async #answer(request: IncomingMessage, load: Load): Promise<HttpAnswer | HttpStream> {
    const { limits, answer } = this.#options;
    if (this.#stopping) throw new RaftctlError("STOPPED", "the daemon is stopping");
    if (load.traffic.underWay > limits.inFlightPerConnectionMax) throw new RaftctlError("BUSY", `more than ${limits.inFlightPerConnectionMax} requests of this connection are under way`);
    const body = await readBody(request, limits.bodyBytesMax, (bytes) => this.#hold(bytes, load)).catch(brokenOff);
    const header = (name: string): string | undefined => {
      const value = request.headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    };
    load.handedOver = true;
    load.traffic.handedOver += 1;
    return answer({ method: request.method ?? "", target: request.url ?? "", header, body });
  }

  /** Only what changed nothing may be refused after it was done. */
  #affordable({ method }: IncomingMessage, answer: HttpAnswer): HttpAnswer {
    const changesNothing = method === "GET" || method === "HEAD";
    return changesNothing && this.#heldBytes + answer.body.length > this.#options.limits.heldBytesMax ? this.#options.refuse(this.#full()) : answer;
  }

  #hold(bytes: number, load: Load): void {
    load.bytes += bytes;
    this.#heldBytes += bytes;
    if (this.#heldBytes > this.#options.limits.heldBytesMax) throw this.#full();
  }

  #release(bytes: number, load: Load): void {
    load.bytes -= bytes;
    this.#heldBytes -= bytes;
  }

  #full(): RaftctlError {
    return new RaftctlError("BUSY", `bodies and answers of ${this.#heldBytes} bytes are under way (at most ${this.#options.limits.heldBytesMax})`);
  }

  #began(socket: Duplex): Load {
    const traffic = this.#traffic.get(socket) ?? { underWay: 0, handedOver: 0, streams: false };
    this.#traffic.set(socket, traffic);
    traffic.underWay += 1;
    return { traffic, bytes: 0, handedOver: false };
  }

  #settled(socket: Duplex, load: Load): void {
    const { traffic, handedOver } = load;
    this.#release(load.bytes, load);
    traffic.underWay -= 1;
    if (handedOver) traffic.handedOver -= 1;
    if (traffic.underWay === 0) this.#traffic.delete(socket);
  }
}

/** Our own bug is no answer: it ends the process. */
function unlessOurBug(error: unknown): RaftctlError {
  if (error instanceof AssertionFailure) throw error;
  return toRaftctlError(error);
}

function brokenOff(error: unknown): never {
  throw error instanceof RaftctlError ? error : new RaftctlError("BAD_REQUEST", "the request ended before its body did", { cause: error });
}

function refusalOf(error: NodeJS.ErrnoException): RaftctlError {
  if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") return new RaftctlError("BAD_REQUEST", "the request took too long to arrive", { cause: error });
  if (error.code === "HPE_HEADER_OVERFLOW") return new RaftctlError("TOO_LARGE", `the headers have more than ${headerBytesMax} bytes`, { cause: error });
  return new RaftctlError("BAD_REQUEST", `not a request that can be understood: ${error.message}`, { cause: error });
}

function listenError(error: NodeJS.ErrnoException, where: string): RaftctlError {
  if (error.code !== "EADDRINUSE") return new RaftctlError("IO_ERROR", `cannot listen on the http address ${where}: ${error.message}`, { cause: error });
  return new RaftctlError("ADDRESS_IN_USE", `the http address ${where} is in use by another process`, { cause: error, hint: "stop the other process, or set another address" });
}

/** For a connection that has no ServerResponse. */
function asText({ status, headers, body }: HttpAnswer): Uint8Array {
  const lines = Object.entries({ ...headers, "content-length": body.length, connection: "close" }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n`), body]);
}

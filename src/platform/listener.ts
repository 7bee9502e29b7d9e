// Accepts connections on a TCP address or a Unix socket and shakes hands with each: one frame in, a welcome or a refusal out. It bounds how many
// connections there are, how many one address may have, and how long a connection may take to say who it is. What a connection does afterwards
// is its owner's. A connection over the bound is closed at once, so that accepting never takes the last file descriptor (the bound must leave
// room for the log and the state); Node reports EMFILE to nobody.

import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { AssertionFailure } from "../base/assert.ts";
import type { Clock } from "../base/clock.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import { messagePackCodec } from "../wire/codec.ts";
import { decodeHello, encodeRefusal, encodeWelcome, type Hello, type Welcome } from "../wire/handshake.ts";
import { limits } from "../wire/limits.ts";
import { describeTarget, type ConnectTarget } from "./connect.ts";
import { FramedSocket } from "./framed-socket.ts";
import { prepareUnixSocket, restrictUnixSocket } from "./unix-socket.ts";

/** Port 0 takes any free one. */
export type ListenAddress = ConnectTarget;

export interface ListenerOptions {
  readonly clock: Clock;
  /** What is accepted here, for errors: "peer", "client", "admin". */
  readonly name: string;
  readonly address: ListenAddress;
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax?: number;
  readonly handshakeTimeoutMs?: number;
  /** Of one frame after the handshake. */
  readonly payloadBytesMax: number;
  readonly sendQueueBytesMax: number;
  readonly pauseReadingAboveBytes?: number;
  readonly tls?: TlsOptions;
  /** Decides synchronously; what it throws is the refusal. */
  readonly accept: (hello: Hello) => Welcome;
  /** A connection that was not welcomed: who it was, as far as is known, and why. Anybody can cause this, as often as he likes. */
  readonly onRefused?: (who: string, reason: RaftctlError) => void;
  /** A welcomed connection. The owner calls `receive` on the socket before this returns. */
  readonly onConnection: (socket: FramedSocket, hello: Hello) => AcceptedConnection;
}

export interface AcceptedConnection {
  /** Finishes what is under way and closes. */
  drain(reason: RaftctlError): void;
}

const handshakeTimeoutMsDefault = 5_000;
const backlog = 511;

export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  /** As accepted, below TLS. */
  readonly #raw = new Set<Socket>();
  readonly #sockets = new Set<FramedSocket>();
  readonly #accepted = new Map<FramedSocket, AcceptedConnection>();
  readonly #perAddress = new Map<string, number>();
  #refusedTotal = 0;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = options.tls === undefined ? createServer() : createTlsServer(options.tls);
    this.#server.maxConnections = options.connectionsMax;
    this.#server.on("connection", (socket: Socket) => this.#admit(socket));
    if (options.tls !== undefined) this.#server.on("secureConnection", (socket: Socket) => this.#greet(socket));
    this.#server.on("drop", () => (this.#refusedTotal += 1));
    // A client that fails the TLS handshake is his own affair.
    this.#server.on("tlsClientError", () => (this.#refusedTotal += 1));
  }

  /** Bound and accepting when it resolves; throws ADDRESS_IN_USE, IO_ERROR, or what unix-socket.ts refuses. */
  async start(): Promise<void> {
    const { address } = this.#options;
    if ("path" in address) await prepareUnixSocket(address.path);
    await this.#listen();
    if ("path" in address) await restrictUnixSocket(address.path);
  }

  /** Where it listens, with the port that was taken. */
  get address(): ListenAddress {
    const { address } = this.#options;
    if ("path" in address) return address;
    const bound = this.#server.address() as AddressInfo | null;
    return bound === null ? address : { host: address.host, port: bound.port };
  }

  get connections(): number {
    return this.#raw.size;
  }

  /** Connections that were closed because of a bound or of their handshake. */
  get refusedTotal(): number {
    return this.#refusedTotal;
  }

  /**
   * Accepts no more; connections finish what is under way and are told the reason. Resolves when none is left, after `drainMs` at the latest.
   */
  async stop(drainMs: number): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const reason = new RaftctlError("STOPPED", "the daemon is stopping");
    const { clock } = this.#options;
    const timer = clock.at(clock.now() + drainMs, () => {
      for (const socket of this.#raw) socket.destroy();
    });
    for (const socket of [...this.#sockets]) {
      const accepted = this.#accepted.get(socket);
      if (accepted === undefined) socket.destroy(reason);
      else accepted.drain(reason);
    }
    await closed;
    timer.cancel();
  }

  #listen(): Promise<void> {
    const { address } = this.#options;
    return new Promise((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException): void => reject(this.#listenError(error));
      this.#server.once("error", onError);
      this.#server.listen({ ...address, backlog }, () => {
        this.#server.off("error", onError);
        // Errors of accept concern one connection, never the listener.
        this.#server.on("error", () => (this.#refusedTotal += 1));
        resolve();
      });
    });
  }

  #listenError(error: NodeJS.ErrnoException): RaftctlError {
    const where = describeTarget(this.#options.address);
    if (error.code === "EADDRINUSE") {
      return new RaftctlError("ADDRESS_IN_USE", `the ${this.#options.name} address ${where} is in use by another process`, {
        cause: error,
        hint: "stop the other process, or set another address",
      });
    }
    return new RaftctlError("IO_ERROR", `cannot listen on the ${this.#options.name} address ${where}: ${error.message}`, { cause: error });
  }

  #admit(socket: Socket): void {
    const remote = socket.remoteAddress ?? "";
    const count = (this.#perAddress.get(remote) ?? 0) + 1;
    if (count > (this.#options.connectionsPerAddressMax ?? Infinity)) {
      this.#refusedTotal += 1;
      socket.on("error", () => undefined);
      socket.destroy();
      return;
    }
    this.#perAddress.set(remote, count);
    this.#raw.add(socket);
    socket.once("close", () => this.#release(socket, remote));
    if (this.#options.tls === undefined) this.#greet(socket);
  }

  #release(socket: Socket, remote: string): void {
    this.#raw.delete(socket);
    const count = this.#perAddress.get(remote)! - 1;
    if (count === 0) this.#perAddress.delete(remote);
    else this.#perAddress.set(remote, count);
  }

  #socketOptions(socket: Socket): ConstructorParameters<typeof FramedSocket>[1] {
    const { clock, name, sendQueueBytesMax, pauseReadingAboveBytes } = this.#options;
    const remote = socket.remoteAddress === undefined ? "on the socket" : describeTarget({ host: socket.remoteAddress, port: socket.remotePort ?? 0 });
    return {
      clock,
      name: `${name} ${remote}`,
      payloadBytesMax: limits.handshakeFrameBytesMax,
      sendQueueBytesMax,
      ...(pauseReadingAboveBytes === undefined ? {} : { pauseReadingAboveBytes }),
    };
  }

  #greet(plainOrTls: Socket): void {
    const { clock } = this.#options;
    const socket = new FramedSocket(plainOrTls, this.#socketOptions(plainOrTls));
    this.#sockets.add(socket);
    const timeoutMs = this.#options.handshakeTimeoutMs ?? handshakeTimeoutMsDefault;
    const timer = clock.at(clock.now() + timeoutMs, () =>
      socket.destroy(new RaftctlError("TIMEOUT", `${socket.name} did not say who it is within ${timeoutMs} ms`)));
    socket.receive(
      (payload) => {
        timer.cancel();
        this.#shakeHands(socket, payload);
      },
      (error) => {
        timer.cancel();
        this.#sockets.delete(socket);
        if (error !== undefined) this.#refused(socket.name, error);
      },
    );
  }

  #shakeHands(socket: FramedSocket, payload: Uint8Array): void {
    let hello: Hello | undefined;
    try {
      hello = decodeHello(messagePackCodec.decode(payload));
      socket.sendFields(encodeWelcome(this.#options.accept(hello)));
    } catch (error) {
      if (error instanceof AssertionFailure) throw error;
      this.#refused(hello === undefined ? socket.name : `${hello.name} (${socket.name})`, toRaftctlError(error));
      socket.sendFields(encodeRefusal(error));
      socket.close();
      return;
    }
    socket.payloadBytesMax = this.#options.payloadBytesMax;
    this.#accepted.set(socket, this.#options.onConnection(socket, hello));
    socket.onceClosed(() => this.#forget(socket));
  }

  #refused(who: string, reason: RaftctlError): void {
    this.#refusedTotal += 1;
    this.#options.onRefused?.(who, reason);
  }

  #forget(socket: FramedSocket): void {
    this.#sockets.delete(socket);
    this.#accepted.delete(socket);
  }
}

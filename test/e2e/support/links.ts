// The wires between all nodes of a cluster, each direction for itself: what one node sends to another can be held back and let go. A proxy stands before every
// peer listener and learns from the first frame who dials. What is held back comes late and in order, as after a partition of a network, and connections
// stay open meanwhile: nobody is told that nobody hears him.

import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { crc32 } from "node:zlib";
import { messagePackCodec } from "../../../src/wire/codec.ts";
import { FrameDecoder } from "../../../src/wire/frame.ts";
import { decodeHello } from "../../../src/wire/handshake.ts";

const helloBytesMax = 64 * 1024;

/** One direction of one connection. */
class Lane {
  readonly #source: Socket;
  readonly #sink: Socket;
  readonly #held: Buffer[] = [];
  #isCut = false;

  constructor(source: Socket, sink: Socket) {
    this.#source = source;
    this.#sink = sink;
    source.on("data", (chunk: Buffer) => { this.pass(chunk); });
  }

  pass(chunk: Buffer): void {
    if (this.#isCut) this.#held.push(chunk);
    else if (!this.#sink.destroyed) this.#sink.write(chunk);
  }

  set isCut(isCut: boolean) {
    this.#isCut = isCut;
    if (isCut) {
      this.#source.pause();
      return;
    }
    for (const chunk of this.#held.splice(0)) this.pass(chunk);
    this.#source.resume();
  }
}

interface Wire {
  readonly socket: Socket;
  readonly dialler: string;
  readonly target: string;
  readonly toTarget: Lane;
  readonly toDialler: Lane;
}

export class Links {
  readonly #servers: Server[] = [];
  readonly #wires = new Set<Wire>();
  readonly #sockets = new Set<Socket>();
  /** "from to" of those that are cut. */
  readonly #cut = new Set<string>();

  /** @returns the port at which the others find this node */
  async open(name: string, peerPort: number): Promise<number> {
    const server = createServer((socket) => { this.#accept(socket, name, peerPort); });
    this.#servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    return (server.address() as AddressInfo).port;
  }

  /** What any of these sends to any of those is held back. */
  cut(from: readonly string[], to: readonly string[]): void {
    for (const one of from) for (const other of to) if (one !== other) this.#cut.add(`${one} ${other}`);
    this.#apply();
  }

  /** Neither side hears the other. */
  split(one: readonly string[], other: readonly string[]): void {
    this.cut(one, other);
    this.cut(other, one);
  }

  mend(): void {
    this.#cut.clear();
    this.#apply();
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => { server.close(resolve); })));
  }

  #accept(socket: Socket, target: string, peerPort: number): void {
    const upstream = connect({ host: "127.0.0.1", port: peerPort, noDelay: true });
    socket.setNoDelay(true);
    const drop = (): void => {
      for (const each of [socket, upstream]) {
        this.#sockets.delete(each);
        each.destroy();
      }
      for (const wire of this.#wires) if (wire.socket === socket) this.#wires.delete(wire);
    };
    for (const each of [socket, upstream]) {
      this.#sockets.add(each);
      each.on("error", drop);
      each.on("close", drop);
    }
    const decoder = new FrameDecoder(helloBytesMax, crc32);
    const early: Buffer[] = [];
    const listen = (chunk: Buffer): void => {
      early.push(chunk);
      decoder.push(chunk, (hello) => {
        decoder.stop();
        socket.off("data", listen);
        const { name } = decodeHello(messagePackCodec.decode(hello));
        this.#join({ socket, dialler: name, target, toTarget: new Lane(socket, upstream), toDialler: new Lane(upstream, socket) }, early);
      });
    };
    socket.on("data", listen);
  }

  #join(wire: Wire, early: readonly Buffer[]): void {
    this.#wires.add(wire);
    this.#apply();
    for (const chunk of early) wire.toTarget.pass(chunk);
  }

  #apply(): void {
    for (const { dialler, target, toTarget, toDialler } of this.#wires) {
      toTarget.isCut = this.#cut.has(`${dialler} ${target}`);
      toDialler.isCut = this.#cut.has(`${target} ${dialler}`);
    }
  }
}

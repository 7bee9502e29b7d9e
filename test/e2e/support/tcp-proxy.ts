// A wire between two processes that a test can spoil: it passes bytes on, holds them back for a while, flips one bit, or cuts. Stands before a
// listener: whoever dials the proxy's port reaches the target. Bytes keep their order in each direction.

import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

export type Direction = "toTarget" | "toDialler";

interface Pair {
  readonly dialler: Socket;
  readonly target: Socket;
}

export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #targetPort: number;
  #isCut = false;
  #delayMs = 0;
  #flip: Direction | undefined;
  #connectionsTotal = 0;
  #bytesToTarget = 0;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer((dialler) => { this.#accept(dialler); });
  }

  static async start(targetPort: number, port = 0): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once("error", reject);
      proxy.#server.listen(port, "127.0.0.1", resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Accepted since the start; those refused while cut do not count. */
  get connectionsTotal(): number {
    return this.#connectionsTotal;
  }

  /** Passed on to the target since the start. */
  get bytesToTarget(): number {
    return this.#bytesToTarget;
  }

  /** Every connection is reset, and new ones too until `mend`. */
  cut(): void {
    this.#isCut = true;
    this.reset();
  }

  mend(): void {
    this.#isCut = false;
  }

  /** Resets the connections that exist; new ones pass. */
  reset(): void {
    for (const pair of this.#pairs) this.#drop(pair);
  }

  /** For bytes that arrive from now on. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** One bit in the middle of the next chunk in this direction. */
  flipBit(direction: Direction): void {
    this.#flip = direction;
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => { this.#server.close(resolve); });
  }

  #accept(dialler: Socket): void {
    if (this.#isCut) {
      dialler.resetAndDestroy();
      return;
    }
    this.#connectionsTotal += 1;
    const pair = { dialler, target: connect({ host: "127.0.0.1", port: this.#targetPort, noDelay: true }) };
    dialler.setNoDelay(true);
    this.#pairs.add(pair);
    this.#relay(pair, "toTarget");
    this.#relay(pair, "toDialler");
  }

  #relay(pair: Pair, direction: Direction): void {
    const [source, sink] = direction === "toTarget" ? [pair.dialler, pair.target] : [pair.target, pair.dialler];
    let earliest = 0;
    const after = (act: () => void): void => {
      const due = Math.max(earliest, performance.now() + this.#delayMs);
      earliest = due;
      if (due <= performance.now()) act(); else setTimeout(act, due - performance.now());
    };
    source.on("data", (chunk) => {
      if (direction === "toTarget") this.#bytesToTarget += chunk.length;
      const bytes = this.#spoil(chunk, direction);
      after(() => { if (!sink.destroyed) sink.write(bytes); });
    });
    source.on("end", () => { after(() => { if (!sink.destroyed) sink.end(); }); });
    source.on("error", () => { this.#drop(pair); });
    source.on("close", () => { if (sink.destroyed) this.#pairs.delete(pair); });
  }

  #spoil(chunk: Buffer, direction: Direction): Buffer {
    if (this.#flip !== direction) return chunk;
    this.#flip = undefined;
    const spoilt = Buffer.from(chunk);
    const place = spoilt.length >> 1;
    spoilt.writeUInt8(spoilt.readUInt8(place) ^ 0b0001_0000, place);
    return spoilt;
  }

  #drop(pair: Pair): void {
    this.#pairs.delete(pair);
    for (const socket of [pair.dialler, pair.target]) {
      socket.removeAllListeners("error").on("error", () => undefined);
      socket.resetAndDestroy();
    }
  }
}

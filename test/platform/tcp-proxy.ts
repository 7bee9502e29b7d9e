// A TCP proxy that harms what passes, for tests: it can flip a bit, cut connections, swallow bytes, or hold them back.

import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export class TcpProxy {
  readonly #server = createServer((socket) => this.#join(socket));
  readonly #sockets = new Set<Socket>();
  readonly #target: () => { host: string; port: number };
  /** Applied to each chunk on its way to the target; nothing to send when it returns undefined. */
  toTarget: (chunk: Buffer) => Buffer | undefined = (chunk) => chunk;
  fromTarget: (chunk: Buffer) => Buffer | undefined = (chunk) => chunk;
  accepted = 0;

  constructor(target: () => { host: string; port: number }) {
    this.#target = target;
  }

  start(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Cuts every connection, as a reset. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #join(near: Socket): void {
    this.accepted += 1;
    const far = connect(this.#target());
    this.#pipe(near, far, (chunk) => this.toTarget(chunk));
    this.#pipe(far, near, (chunk) => this.fromTarget(chunk));
  }

  #pipe(from: Socket, to: Socket, change: (chunk: Buffer) => Buffer | undefined): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    from.on("data", (chunk: Buffer) => {
      const changed = change(chunk);
      if (changed !== undefined && to.writable) to.write(changed);
    });
    from.on("error", () => undefined);
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}

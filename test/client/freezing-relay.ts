// A way to a daemon that can be frozen: connections stay, new ones are accepted, and nothing passes any more. As a process that was stopped (SIGSTOP) looks from
// outside, or a machine behind a cut network.

import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { once } from "node:events";

export class FreezingRelay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isFrozen = false;

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#server = createServer((outside) => {
      this.#keep(outside);
      if (this.#isFrozen) return void outside.pause();
      const inside = connect(target);
      this.#keep(inside);
      outside.pipe(inside).pipe(outside);
    });
  }

  /** @param endpoint of the daemon behind it */
  static async to(endpoint: string): Promise<FreezingRelay> {
    const [host, port] = endpoint.split(":");
    const relay = new FreezingRelay({ host: host!, port: Number(port) });
    relay.#server.listen(0, "127.0.0.1");
    await once(relay.#server, "listening");
    return relay;
  }

  get endpoint(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  freeze(): void {
    this.#isFrozen = true;
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => this.#sockets.delete(socket));
  }
}

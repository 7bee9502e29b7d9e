// The door for clients that speak HTTP: node's server with its bounds, and the routes behind it. docs/http.md describes what it answers.

import type { Clock } from "../base/clock.ts";
import { HttpServer, type HttpServerOptions } from "../platform/http-server.ts";
import { limits } from "../wire/limits.ts";
import { refusalAnswer } from "./answers.ts";
import { Routes, timeoutMsMax, type RoutesOptions } from "./routes.ts";

export interface HttpDoorOptions extends RoutesOptions {
  readonly clock: Clock;
  readonly address: { readonly host: string; readonly port: number };
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  readonly inFlightPerConnectionMax: number;
  readonly allowedNetworks: HttpServerOptions["allowedNetworks"];
}

const arrivalTimeoutMs = 10_000;
/** Below what proxies take for the end of a connection. */
const heartbeatMs = 15_000;
const stallMs = 30_000;
const mib = 1024 * 1024;
/** A value, in base64; of a transaction it is the whole document. */
const bodyBytesMax = Math.ceil(limits.valueBytesMax / 3) * 4;

export class HttpDoor {
  readonly #server: HttpServer;

  constructor(options: HttpDoorOptions) {
    const { clock, address, allowedNetworks, connectionsMax, connectionsPerAddressMax, inFlightPerConnectionMax } = options;
    this.#server = new HttpServer({
      clock, address, allowedNetworks, answer: new Routes(options).answer, refuse: (error) => refusalAnswer(error),
      limits: {
        connectionsMax, connectionsPerAddressMax, inFlightPerConnectionMax, bodyBytesMax, heldBytesMax: 64 * mib,
        // So that there are connections left for everything else.
        streamsMax: Math.ceil(connectionsMax / 2), heartbeatMs, stallMs,
        headersTimeoutMs: arrivalTimeoutMs, requestTimeoutMs: 3 * arrivalTimeoutMs, silenceMs: timeoutMsMax + arrivalTimeoutMs,
      },
    });
  }

  /** Listening when it resolves. Throws ADDRESS_IN_USE, IO_ERROR. */
  start(): Promise<void> {
    return this.#server.start();
  }

  get address(): { host: string; port: number } {
    return this.#server.address;
  }

  /** Answers what is under way, refuses what is new, and closes all connections within `drainMs`. */
  stop(drainMs: number): Promise<void> {
    return this.#server.stop(drainMs);
  }
}

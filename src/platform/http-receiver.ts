// The receiving half of the HTTP transport: POST /raft/<type> with [hello, request] as JSON, answered with [welcome, response]. Each request
// carries its own handshake. What is wrong is an answer like any other; the status is 200 for answered, 400 for not understood, 403 for refused.
// It dials nobody and does not know the sending half.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { AssertionFailure } from "../base/assert.ts";
import { RaftctlError } from "../base/errors.ts";
import type { PeerDirectory, RaftReceiver } from "../host/transport.ts";
import { encodeErrorResponse } from "../wire/envelope.ts";
import type { WireFields } from "../wire/frame.ts";
import { checkPeerHello, decodeHello, encodeRefusal, encodeWelcome, type Hello, type LocalIdentity } from "../wire/handshake.ts";
import { decodePeerRequest, type PeerRequest } from "../wire/peer-requests.ts";
import { encodePeerResponse } from "../wire/peer-responses.ts";
import { httpBodyBytesMax, readBody } from "./http-body.ts";
import { jsonCodec } from "./json-codec.ts";

export interface HttpReceiverOptions {
  readonly identity: LocalIdentity;
  readonly directory: PeerDirectory;
  readonly address: { readonly host: string; readonly port: number };
  readonly connectionsMax: number;
  readonly inFlightMax: number;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const requestTimeoutMs = 10_000;

export class HttpReceiver {
  readonly #options: HttpReceiverOptions;
  readonly #receiver: RaftReceiver;
  readonly #server: Server;
  #inFlight = 0;

  constructor(options: HttpReceiverOptions, receiver: RaftReceiver) {
    this.#options = options;
    this.#receiver = receiver;
    this.#server = createServer({ noDelay: true, requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs }, (request, response) => {
      void this.#respond(request, response);
    });
    this.#server.maxConnections = options.connectionsMax;
  }

  start(): Promise<void> {
    const { host, port } = this.#options.address;
    return new Promise((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException): void =>
        reject(new RaftctlError(error.code === "EADDRINUSE" ? "ADDRESS_IN_USE" : "IO_ERROR", `cannot listen on ${host}:${port}: ${error.message}`, { cause: error }));
      this.#server.once("error", onError);
      this.#server.listen(port, host, () => {
        this.#server.off("error", onError);
        resolve();
      });
    });
  }

  get address(): { host: string; port: number } {
    const bound = this.#server.address() as AddressInfo | null;
    return { host: this.#options.address.host, port: bound?.port ?? this.#options.address.port };
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await this.#answer(request).catch(notUnderstood);
    const body = jsonCodec.encode(answer.body, 0);
    response.writeHead(answer.status, { "content-type": "application/json", "content-length": body.length });
    response.end(body);
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const body = jsonCodec.decode(await readBody(request, httpBodyBytesMax));
    if (request.method !== "POST" || !Array.isArray(body) || body.length !== 2) {
      throw new RaftctlError("BAD_REQUEST", "not a request of this protocol (want POST /raft/<type> with [hello, request])");
    }
    const hello = decodeHello(body[0]);
    try {
      this.#checkHello(hello);
    } catch (error) {
      return { status: 403, body: [encodeRefusal(error), null] };
    }
    const welcome = encodeWelcome(this.#options.identity);
    if (hello.role === "probe") return { status: 200, body: [welcome, null] };
    return { status: 200, body: [welcome, await this.#serve(hello, body[1])] };
  }

  #checkHello(hello: Hello): void {
    const { identity, directory } = this.#options;
    checkPeerHello(hello, identity);
    if (hello.role === "joiner" || hello.role === "probe") return;
    const { nodeId, incarnation, name, regions } = hello;
    const refusal = directory.refusalOf({ nodeId: nodeId!, incarnation, name, regions });
    if (refusal !== undefined) throw refusal;
  }

  async #serve(hello: Hello, fields: unknown): Promise<WireFields> {
    if (this.#inFlight >= this.#options.inFlightMax) {
      return encodeErrorResponse(0, new RaftctlError("BUSY", `${this.#inFlight} requests are under way (at most ${this.#options.inFlightMax})`));
    }
    this.#inFlight += 1;
    try {
      if (!Array.isArray(fields)) throw new RaftctlError("BAD_REQUEST", "the request is no list of fields");
      const request = decodePeerRequest(fields);
      if (hello.role === "joiner" && request.type !== "admin") throw new RaftctlError("DENIED", `a joiner may not send ${request.type}; only members may`);
      return encodePeerResponse(request.type, (await dispatch(this.#receiver, hello, request)) as never);
    } catch (error) {
      if (error instanceof AssertionFailure) throw error;
      return encodeErrorResponse(0, error);
    } finally {
      this.#inFlight -= 1;
    }
  }
}

/** Our own bug is no answer: it ends the process. */
function notUnderstood(error: unknown): Answer {
  if (error instanceof AssertionFailure) throw error;
  return { status: 400, body: [encodeRefusal(error), null] };
}

function dispatch(receiver: RaftReceiver, hello: Hello, request: PeerRequest): Promise<unknown> {
  const handle = receiver[request.type] as (from: Hello["nodeId"], region: PeerRequest["region"], rpc: PeerRequest["rpc"]) => Promise<unknown>;
  return handle.call(receiver, hello.nodeId, request.region, request.rpc);
}

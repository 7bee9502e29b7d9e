// Streams of the HTTP server against real sockets: as fast as each reader takes them, bounded, and ended by whoever ends them.

import { connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { defer } from "../../src/base/deferred.ts";
import { HttpServer, type HttpServerLimits } from "../../src/platform/http-server.ts";
import type { HttpStream } from "../../src/platform/http-stream.ts";
import { SystemClock } from "../../src/platform/system-clock.ts";
import { eventually } from "./eventually.ts";

const limits: HttpServerLimits = {
  connectionsMax: 100, connectionsPerAddressMax: 100, inFlightPerConnectionMax: 100, bodyBytesMax: 1_000, heldBytesMax: 64_000_000, headersTimeoutMs: 10_000, requestTimeoutMs: 10_000, silenceMs: 60_000,
  streamsMax: 100, heartbeatMs: 60_000, stallMs: 60_000,
};
const ended: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0)) await end();
});

/** One that was asked for, as its owner sees it. */
class Source implements HttpStream {
  readonly status = 200;
  readonly headers = { "content-type": "text/event-stream" };
  readonly heartbeat = ":\n\n";
  /** Pieces that were taken. */
  written = 0;
  cancelled = false;
  failure: unknown;
  readonly #piece: string;
  readonly #over = defer<void>();

  constructor(piece: string) {
    this.#piece = piece;
  }

  readonly run = async (write: (text: string) => Promise<void>): Promise<void> => {
    try {
      while (this.#piece !== "" && !this.cancelled) {
        await write(this.#piece);
        this.written += 1;
      }
      await this.#over.promise;
      await write("the end\n");
    } catch (error) {
      this.failure = error;
      throw error;
    }
  };

  readonly cancel = (): void => {
    this.cancelled = true;
    this.#over.resolve();
  };
}

/** What is asked for is what is written again and again. */
async function serve(changed: Partial<HttpServerLimits> = {}): Promise<{ server: HttpServer; sources: Source[] }> {
  const sources: Source[] = [];
  const server = new HttpServer({
    clock: new SystemClock(), address: { host: "127.0.0.1", port: 0 }, allowedNetworks: undefined, limits: { ...limits, ...changed },
    refuse: (error) => ({ status: error.httpStatus, headers: {}, body: Buffer.from(`refused ${error.code} ${error.message}`) }),
    answer: async ({ target }) => {
      if (target === "/never") return new Promise(() => undefined);
      const source = new Source(target === "/quiet" ? "" : "x".repeat(10_000));
      sources.push(source);
      return source;
    },
  });
  await server.start();
  ended.push(() => server.stop(0));
  return { server, sources };
}

function dial(server: HttpServer, target: string, { method = "GET", reads = true } = {}): { socket: Socket; text: () => string; closed: () => boolean } {
  const socket = connect(server.address.port, server.address.host);
  let [text, closed] = ["", false];
  if (reads) socket.on("data", (chunk) => (text = (text + chunk.toString("latin1")).slice(-2_000)));
  socket.on("error", () => undefined).on("close", () => (closed = true));
  socket.write(`${method} ${target} HTTP/1.1\r\nhost: a\r\n\r\n`);
  ended.push(() => void socket.destroy());
  return { socket, text: () => text, closed: () => closed };
}

test("who does not read stops his own stream alone: what waits for him is bounded, and others go on (T8)", async () => {
  const { server, sources } = await serve();
  dial(server, "/stalled", { reads: false });
  await eventually(() => sources.length).toBe(1);
  const [stalled] = sources;
  const readers = [dial(server, "/a"), dial(server, "/b")];
  await eventually(() => sources.length).toBe(3);
  const others = sources.slice(1);
  let look = { stalled: -1, others: others.map(() => 0) };
  // Nothing was taken from it while each of the others was given 10 MB.
  await eventually(() => {
    const stands = stalled!.written === look.stalled;
    if (!stands) look = { stalled: stalled!.written, others: others.map(({ written }) => written) };
    return stands && others.every(({ written }, place) => written > look.others[place]! + 1_000);
  }).toBe(true);
  // The buffers of both sockets, some MB.
  expect(stalled!.written * 10_000).toBeLessThan(20_000_000);
  expect(readers.map(({ closed }) => closed())).toEqual([false, false]);
  for (const { socket } of readers) socket.destroy();
});

test("who does not take what waits within the bound is cut, and its source is told (T8)", async () => {
  const { server, sources } = await serve({ stallMs: 100 });
  dial(server, "/stalled", { reads: false });
  await eventually(() => sources[0]?.cancelled).toBe(true);
  await eventually(() => sources[0]!.failure).toMatchObject({ code: "CONNECTION_LOST" });
});

test("bytes that wait for readers count with all others: beyond the bound the stream is broken off (T8)", async () => {
  const { server, sources } = await serve({ heldBytesMax: 5_000 });
  const reader = dial(server, "/too-large");
  await eventually(() => reader.closed()).toBe(true);
  expect(sources[0]!.failure).toMatchObject({ code: "BUSY" });
  const { server: roomy } = await serve({ heldBytesMax: 15_000 });
  const other = dial(roomy, "/fits");
  await eventually(() => other.text().length).toBeGreaterThanOrEqual(2_000);
});

test("the source is told when the reader goes", async () => {
  const { server, sources } = await serve();
  const reader = dial(server, "/quiet");
  await eventually(() => sources.length).toBe(1);
  expect(sources[0]!.cancelled).toBe(false);
  reader.socket.destroy();
  await eventually(() => sources[0]!.cancelled).toBe(true);
});

test("the source is told also when its stream waits behind another answer of the connection, which breaks", async () => {
  const { server, sources } = await serve();
  const reader = dial(server, "/never HTTP/1.1\r\nhost: a\r\n\r\nGET /quiet");
  await eventually(() => sources.length).toBe(1);
  reader.socket.destroy();
  await eventually(() => sources[0]!.cancelled).toBe(true);
});

test("a stream that has nothing to tell is kept open by heartbeats", async () => {
  const { server } = await serve({ heartbeatMs: 20, silenceMs: 500 });
  const reader = dial(server, "/quiet");
  await eventually(() => reader.text().match(/:\n\n/g)?.length ?? 0).toBeGreaterThan(30);
  expect(reader.closed()).toBe(false);
});

test("one connection has one stream, and all together so many (T8)", async () => {
  const { server, sources } = await serve({ streamsMax: 2 });
  const quiet = "GET /quiet HTTP/1.1\r\nhost: a\r\n\r\n";
  const piped = dial(server, `/quiet HTTP/1.1\r\nhost: a\r\n\r\n${quiet}GET /quiet`);
  await eventually(() => sources.map(({ cancelled }) => cancelled)).toEqual([false, true, true]);
  dial(server, "/quiet");
  await eventually(() => sources.map(({ cancelled }) => cancelled)).toEqual([false, true, true, false]);
  const third = dial(server, "/quiet");
  await eventually(() => third.text()).toContain("refused BUSY 2 streams are open already (at most 2)");
  piped.socket.destroy();
  await eventually(() => sources[0]!.cancelled).toBe(true);
  const again = dial(server, "/quiet");
  await eventually(() => sources.at(-1)!.cancelled).toBe(false);
  expect(again.text()).not.toContain("refused");
});

test("a server that stops ends its streams at once, with their last words; a reader who takes nothing is not waited for", async () => {
  const { server, sources } = await serve();
  const reader = dial(server, "/quiet");
  dial(server, "/stalled", { reads: false });
  await eventually(() => sources.length).toBe(2);
  await eventually(() => sources.some(({ written }) => written > 0)).toBe(true);
  const began = performance.now();
  await server.stop(60_000);
  expect(performance.now() - began).toBeLessThan(20_000);
  await eventually(() => reader.closed()).toBe(true);
  expect(reader.text()).toContain("the end\n");
});

test("a HEAD of a stream has its headers and ends", async () => {
  const { server, sources } = await serve();
  const reader = dial(server, "/quiet", { method: "HEAD" });
  await eventually(() => [reader.closed(), sources[0]!.cancelled]).toEqual([true, true]);
  expect(reader.text()).toMatch(/^HTTP\/1\.1 200 OK\r\n.*text\/event-stream.*\r\n\r\n$/s);
});

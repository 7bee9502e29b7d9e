// The bounds of the HTTP server, each against a real socket.

import { connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { defer } from "../../src/base/deferred.ts";
import type { RaftctlError } from "../../src/base/errors.ts";
import { AddressFilter } from "../../src/platform/address-filter.ts";
import { HttpServer, type HttpAnswer, type HttpRequest, type HttpServerLimits, type HttpServerOptions } from "../../src/platform/http-server.ts";
import { SystemClock } from "../../src/platform/system-clock.ts";
import { eventually } from "./eventually.ts";

const generous: HttpServerLimits = {
  connectionsMax: 100, connectionsPerAddressMax: 100, inFlightPerConnectionMax: 100, bodyBytesMax: 1_000, heldBytesMax: 1_000_000, headersTimeoutMs: 10_000, requestTimeoutMs: 10_000, silenceMs: 60_000,
  streamsMax: 100, heartbeatMs: 60_000, stallMs: 60_000,
};
const ended: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0)) await end();
});

const plain = (text: string, status = 200): HttpAnswer => ({ status, headers: { "content-type": "text/plain" }, body: Buffer.from(text) });

interface Served extends Partial<Omit<HttpServerOptions, "limits">> {
  readonly limits?: Partial<HttpServerLimits>;
}

async function serve({ limits, ...options }: Served = {}): Promise<HttpServer> {
  const server = new HttpServer({
    clock: new SystemClock(), address: { host: "127.0.0.1", port: 0 }, allowedNetworks: undefined,
    answer: async ({ method, body }: HttpRequest) => plain(`${method} ${body.length}`),
    refuse: (error: RaftctlError) => plain(`refused ${error.code} ${error.message}`, error.httpStatus),
    ...options, limits: { ...generous, ...limits },
  });
  await server.start();
  ended.push(() => server.stop(0));
  return server;
}

interface Peer {
  readonly socket: Socket;
  text: string;
  closed: boolean;
}

function dial(server: HttpServer, text: string): Peer {
  const socket = connect(server.address.port, server.address.host);
  const peer: Peer = { socket, text: "", closed: false };
  socket.on("data", (chunk) => (peer.text += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  socket.on("close", () => (peer.closed = true));
  socket.write(text);
  ended.push(() => void socket.destroy());
  return peer;
}

const get = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

test("what is no HTTP, and headers above the bound, are answered in the owner's words and closed (S14)", async () => {
  const server = await serve();
  const cases: [string, string][] = [
    ["\0\0\0\x01rubbish\r\n\r\n", "BAD_REQUEST"], ["GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", "BAD_REQUEST"],
    ["GET / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n", "BAD_REQUEST"], [`GET / HTTP/1.1\r\nhost: a\r\nx: ${"y".repeat(20_000)}\r\n\r\n`, "TOO_LARGE"],
    ["PUT / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", "BAD_REQUEST"],
  ];
  for (const [text, code] of cases) {
    const peer = dial(server, text);
    await eventually(() => peer.closed).toBe(true);
    expect(peer.text).toContain(`refused ${code}`);
  }
});

test("a body above the bound is refused from its announcement, or when it has come so far, and the connection ends", async () => {
  const server = await serve();
  const announced = dial(server, "PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 1001\r\n\r\n");
  const chunked = dial(server, `PUT / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3e9\r\n${"x".repeat(1001)}\r\n`);
  await eventually(() => [announced, chunked].map(({ text, closed }) => [/413 .*refused TOO_LARGE an HTTP body of 1001 bytes/s.test(text), closed])).toEqual([[true, true], [true, true]]);
  const fits = dial(server, `PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n${"x".repeat(1000)}`);
  await eventually(() => fits.text).toContain("PUT 1000");
});

test("who waits to be told to go on is told so, unless his body is too large", async () => {
  const server = await serve();
  const small = dial(server, "PUT / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n");
  await eventually(() => small.text).toContain("100 Continue");
  small.socket.write("hi");
  await eventually(() => small.text).toContain("PUT 2");
  const large = dial(server, "PUT / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2000\r\n\r\n");
  await eventually(() => large.text).toContain("refused TOO_LARGE");
  expect(large.text).not.toContain("100 Continue");
});

test("headers and bodies that take too long are given up (T7)", async () => {
  const server = await serve({ limits: { headersTimeoutMs: 200, requestTimeoutMs: 400 } });
  const [headers, body] = [dial(server, "GET / HTTP/1.1\r\nhost:"), dial(server, "PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nab")];
  await eventually(() => [headers, body].map(({ text, closed }) => [text.includes("took too long") || text.includes("ended before"), closed])).toEqual([[true, true], [true, true]]);
});

test("a connection on which nothing moves is closed", async () => {
  const server = await serve({ limits: { silenceMs: 100 }, answer: () => new Promise(() => undefined) });
  const peer = dial(server, get);
  await eventually(() => peer.closed).toBe(true);
});

test("one address has so many connections, and all together so many (T8)", async () => {
  const server = await serve({ limits: { connectionsPerAddressMax: 2 } });
  const [one, two] = [dial(server, get), dial(server, get)];
  await eventually(() => [one.text, two.text].every((text) => text.includes("GET 0"))).toBe(true);
  const third = dial(server, get);
  await eventually(() => [third.closed, third.text.includes("refused BUSY 127.0.0.1 has 2 connections")]).toEqual([true, true]);
  one.socket.destroy();
  await eventually(() => {
    const again = dial(server, get);
    return new Promise<string>((resolve) => again.socket.on("data", () => resolve(again.text)).on("close", () => resolve(again.text)));
  }).toContain("GET 0");
  const few = await serve({ limits: { connectionsMax: 1 } });
  const only = dial(few, get);
  await eventually(() => only.text).toContain("GET 0");
  const dropped = dial(few, get);
  await eventually(() => dropped.closed).toBe(true);
  expect(dropped.text).toBe("");
});

test("one connection has so many requests under way; what is over is refused, in order (T8)", async () => {
  const gate = defer<HttpAnswer>();
  const server = await serve({ limits: { inFlightPerConnectionMax: 2 }, answer: () => gate.promise });
  const peer = dial(server, get.repeat(3));
  gate.resolve(plain("answered"));
  await eventually(() => peer.text.match(/answered|refused BUSY/g)).toEqual(["answered", "answered", "refused BUSY"]);
});

test("bodies that are held at once have a bound, which is free again afterwards (T8)", async () => {
  const server = await serve({ limits: { bodyBytesMax: 1_000, heldBytesMax: 1_500 } });
  const half = "PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n";
  const slow = dial(server, `${half}${"x".repeat(900)}`);
  await eventually(async () => {
    const other = dial(server, `${half}${"x".repeat(1000)}`);
    return new Promise<string>((resolve) => other.socket.on("data", () => resolve(other.text)));
  }).toContain("refused BUSY");
  slow.socket.write("x".repeat(100));
  await eventually(() => slow.text).toContain("PUT 1000");
  const later = dial(server, `${half}${"x".repeat(1000)}`);
  await eventually(() => later.text).toContain("PUT 1000");
});

test("answers that are held at once have the same bound, for what changes nothing; what changed something is answered (T9)", async () => {
  const server = await serve({ limits: { heldBytesMax: 500 }, answer: async ({ method }) => plain(`${method} ${"x".repeat(600)}`) });
  const [read, write] = [dial(server, get), dial(server, "DELETE / HTTP/1.1\r\nhost: a\r\n\r\n")];
  await eventually(() => [read.text.includes("refused BUSY bodies and answers"), write.text.includes("DELETE xxx")]).toEqual([true, true]);
});

test("rubbish behind a request that is being carried out is not taken for its answer: the connection breaks without one", async () => {
  const began = defer<void>();
  const server = await serve({
    answer: () => {
      began.resolve();
      return new Promise(() => undefined);
    },
  });
  const peer = dial(server, "PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx");
  await began.promise;
  peer.socket.write("\0rubbish\r\n\r\n");
  await eventually(() => peer.closed).toBe(true);
  expect(peer.text).toBe("");
});

test("only the networks that are allowed are served; others are told (U12)", async () => {
  const foreign = await serve({ allowedNetworks: [{ address: "10.0.0.0", prefix: 8, family: "ipv4" }] });
  const peer = dial(foreign, get);
  await eventually(() => [peer.closed, peer.text.includes("refused DENIED 127.0.0.1 is in none of the networks")]).toEqual([true, true]);
  expect(peer.text).not.toContain("GET 0");
  const local = await serve({ allowedNetworks: [{ address: "127.0.0.0", prefix: 8, family: "ipv4" }] });
  const welcome = dial(local, get);
  await eventually(() => welcome.text).toContain("GET 0");
});

test("an address that is mapped into IPv6 counts as what it is (U12)", () => {
  const filter = new AddressFilter([{ address: "192.168.0.0", prefix: 16, family: "ipv4" }, { address: "fd00::", prefix: 8, family: "ipv6" }]);
  expect(["192.168.9.1", "::ffff:192.168.9.1", "fd12::1"].map((address) => filter.allows(address))).toEqual([true, true, true]);
  expect(["192.169.0.1", "::ffff:10.0.0.1", "::1", ""].map((address) => filter.allows(address))).toEqual([false, false, false, false]);
});

test("while it stops, what is under way is answered, what is new is refused, and then nothing is left", async () => {
  const gate = defer<HttpAnswer>();
  const server = await serve({ answer: () => gate.promise });
  const underWay = dial(server, get);
  const second = dial(server, "GET /second HTTP/1.1\r\nhost: a\r\n");
  await eventually(() => second.socket.bytesWritten > 0 && underWay.socket.bytesWritten > 0).toBe(true);
  // One more round trip on a connection of its own, so that both are accepted before the end begins.
  const probe = dial(server, "rubbish\r\n\r\n");
  await eventually(() => probe.closed).toBe(true);
  const stopped = server.stop(10_000);
  second.socket.write("\r\n");
  await eventually(() => second.text).toContain("refused STOPPED");
  gate.resolve(plain("last words"));
  await stopped;
  await eventually(() => [underWay.text.includes("last words"), underWay.closed, second.closed]).toEqual([true, true, true]);
  expect(underWay.text.toLowerCase()).toContain("connection: close");
  const late = dial(server, get);
  await eventually(() => late.closed).toBe(true);
  expect(late.text).toBe("");
});

test("it ends on time although somebody's answer does not come", async () => {
  const server = await serve({ answer: () => new Promise(() => undefined) });
  const peer = dial(server, get);
  await eventually(() => peer.socket.bytesWritten > 0).toBe(true);
  const probe = dial(server, "rubbish\r\n\r\n");
  await eventually(() => probe.closed).toBe(true);
  await server.stop(50);
  await eventually(() => peer.closed).toBe(true);
});

test("an address that is taken is refused by name", async () => {
  const server = await serve();
  await expect(serve({ address: server.address })).rejects.toMatchObject({ code: "ADDRESS_IN_USE", message: expect.stringContaining(`127.0.0.1:${server.address.port}`) });
});

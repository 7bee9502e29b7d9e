import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { crc32 } from "node:zlib";
import { generate } from "selfsigned";
import { afterEach, expect, test } from "vitest";
import { defer } from "../../src/base/deferred.ts";
import { RaftctlError } from "../../src/base/errors.ts";
import { parseClusterId, parseNodeId } from "../../src/base/ids.ts";
import { connectFramed, dial, type ConnectTarget } from "../../src/platform/connect.ts";
import { RequestConnection, type RequestConnectionOptions } from "../../src/platform/request-connection.ts";
import { RequestServer, type RequestServerOptions } from "../../src/platform/request-server.ts";
import { SystemClock } from "../../src/platform/system-clock.ts";
import { tlsClientOptions, tlsServerOptions } from "../../src/platform/tls.ts";
import type { ClientRequest, ClientResponse } from "../../src/wire/client-protocol.ts";
import { encodeClientRequest } from "../../src/wire/client-requests.ts";
import { messagePackCodec } from "../../src/wire/codec.ts";
import { FrameDecoder, FrameEncoder } from "../../src/wire/frame.ts";
import { encodeHello } from "../../src/wire/handshake.ts";
import { limits } from "../../src/wire/limits.ts";
import { clientRequests, clientResponses, hello, welcome } from "../wire/samples.ts";
import { eventually } from "./eventually.ts";
import { heldBytes } from "./held-memory.ts";

const clock = new SystemClock();
const code = (expected: string): unknown => expect.objectContaining({ name: "RaftctlError", code: expected });
const cleanUp: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const stop of cleanUp.splice(0).reverse()) await stop();
});

const sample = (request: ClientRequest): ClientResponse => clientResponses[request.operation];

async function serve(overrides: Partial<RequestServerOptions> = {}): Promise<RequestServer> {
  const server = new RequestServer({ clock, name: "client", address: { host: "127.0.0.1", port: 0 }, identity: welcome, onRequest: sample, ...overrides });
  await server.start();
  cleanUp.push(() => server.stop(50));
  return server;
}

async function open(server: RequestServer, overrides: Partial<RequestConnectionOptions> = {}): Promise<RequestConnection> {
  const connection = await RequestConnection.connect(server.address, { clock, clientName: "test", timeoutMs: 10_000, ...overrides });
  cleanUp.push(() => connection.close());
  return connection;
}

const admin = (method: string): ClientRequest => ({ ...clientRequests.admin, method });
const outcome = (call: Promise<unknown>): Promise<unknown> => call.then(() => "answered", (error: unknown) => (error as RaftctlError).code);

test.each(["propose", "get", "range", "admin", "leaseKeepAlive", "page", "closeView"] as const)("%s is answered, synchronously and by a promise alike (S23)", async (operation) => {
  for (const onRequest of [sample, async (request: ClientRequest) => sample(request)]) {
    const connection = await open(await serve({ onRequest }));
    expect(JSON.stringify(await connection.call(clientRequests[operation], 10_000))).toBe(JSON.stringify(wireTravel(clientResponses[operation])));
  }
});

/** Byte arrays become Buffers on the way, which JSON shows differently. */
function wireTravel(response: ClientResponse): unknown {
  const change = (value: unknown): unknown => {
    if (value instanceof Uint8Array) return Buffer.from(value);
    if (Array.isArray(value)) return value.map(change);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, change(part)]));
  };
  const { operation, ...fields } = change(response) as Record<string, unknown>;
  const order = {
    propose: ["term", "index", "forwardedBy", "leader", "result"], read: ["index", "term", "leader", "servedBy", "staleMs", "count", "more", "records", ...(response.operation === "read" && response.view !== undefined ? ["view"] : [])], admin: ["result"], watch: ["nextIndex", "firstRetained", "index", "term", "leader", "servedBy", "events"],
    leaseKeepAlive: ["remainingMs"], closeView: ["wasOpen"],
  };
  return { operation, ...Object.fromEntries(order[response.operation].map((name) => [name, fields[name]])) };
}

test("the handshake tells the client whom it has reached (S54)", async () => {
  const connection = await open(await serve());
  expect(connection.server).toEqual(welcome);
});

test("the server knows each connection as one object, with the client's name", async () => {
  const seen: unknown[] = [];
  const gone = defer<unknown>();
  const server = await serve({
    onRequest: (request, connection) => {
      seen.push(connection);
      return sample(request);
    },
    onDisconnect: gone.resolve,
  });
  const connection = await open(server, { credentials: Uint8Array.of(1, 2) });
  await connection.call(clientRequests.admin, 10_000);
  await connection.call(clientRequests.admin, 10_000);
  expect(seen[0]).toBe(seen[1]);
  expect(seen[0]).toMatchObject({ clientName: "test", remoteAddress: "127.0.0.1" });
  connection.close();
  expect(await gone.promise).toBe(seen[0]);
});

test("1000 requests on one socket are answered out of order and a slow one holds up nobody (S55)", async () => {
  const slow = defer<ClientResponse>();
  const waiting: (() => void)[] = [];
  const server = await serve({
    onRequest: (request) => {
      if (request.operation !== "admin") return slow.promise;
      const { promise, resolve } = defer<ClientResponse>();
      waiting.push(() => resolve({ operation: "admin", result: request.method }));
      if (waiting.length === 1_000) for (const respond of waiting.toReversed()) respond();
      return promise;
    },
  });
  const connection = await open(server);
  const slowCall = connection.call(clientRequests.get, 5_000);
  const answers = await Promise.all(Array.from({ length: 1_000 }, (_, at) => connection.call(admin(`m${at}`), 5_000)));
  expect(answers.map((answer) => (answer as { result: unknown }).result)).toEqual(Array.from({ length: 1_000 }, (_, at) => `m${at}`));
  slow.resolve(clientResponses.get);
  await slowCall;
});

test("errors keep code, message, hint and details; what has none is INTERNAL and the server goes on (S14)", async () => {
  const failures = [new RaftctlError("NO_LEADER", "no leader in region global", { hint: "raftctl doctor", details: { missing: ["n1"] } }), new TypeError("bug"), undefined];
  let calls = 0;
  const server = await serve({
    onRequest: (request) => {
      const failure = failures[calls++];
      if (failure !== undefined) throw failure;
      return sample(request);
    },
  });
  const connection = await open(server);
  await expect(connection.call(clientRequests.get, 10_000)).rejects.toMatchObject({
    code: "NO_LEADER", message: "no leader in region global", hint: "raftctl doctor", details: { missing: ["n1"] },
  });
  await expect(connection.call(clientRequests.get, 10_000)).rejects.toEqual(code("INTERNAL"));
  await connection.call(clientRequests.get, 10_000);
});

test("requests beyond the bound of a connection are answered with BUSY, and the next ones are served (S50)", async () => {
  const gate = defer<void>();
  const server = await serve({ limits: { inFlightPerConnectionMax: 4 }, onRequest: (request) => gate.promise.then(() => sample(request)) });
  const connection = await open(server);
  const calls = Array.from({ length: 10 }, () => outcome(connection.call(clientRequests.admin, 5_000)));
  expect((await Promise.all(calls.slice(4))).every((result) => result === "BUSY")).toBe(true);
  expect(server.inFlight).toBe(4);
  gate.resolve();
  expect(await Promise.all(calls)).toEqual(Array.from({ length: 10 }, (_, at) => (at < 4 ? "answered" : "BUSY")));
  await connection.call(clientRequests.admin, 10_000);
});

test("a lost connection fails calls under way as maybe sent, and later calls as not sent", async () => {
  const arrived = defer<void>();
  const server = await serve({
    onRequest: () => {
      arrived.resolve();
      return new Promise<ClientResponse>(() => undefined);
    },
  });
  const lost = defer<RaftctlError>();
  const connection = await open(server, { onClose: lost.resolve });
  const call = connection.call(clientRequests.propose, 5_000);
  const failure = call.catch((error: unknown) => error);
  await arrived.promise;
  await server.stop(0);
  expect(await failure).toMatchObject({ code: "CONNECTION_LOST", details: { sent: true } });
  expect(await lost.promise).toEqual(code("CONNECTION_LOST"));
  expect(connection.closed).toBe(true);
  await expect(connection.call(clientRequests.propose, 5_000)).rejects.toMatchObject({ code: "CONNECTION_LOST", details: { sent: false } });
});

test("a request that is too large is not even sent", async () => {
  const connection = await open(await serve());
  const request = { ...clientRequests.propose, command: new Uint8Array(limits.clientFrameBytesMax + 1) };
  await expect(connection.call(request, 10_000)).rejects.toMatchObject({ code: "TOO_LARGE", details: { sent: false } });
  await connection.call(clientRequests.propose, 10_000);
});

test("an answer that is too large becomes TOO_LARGE and the connection goes on", async () => {
  const server = await serve({ onRequest: (request) => (request.operation === "admin" ? { operation: "admin", result: "x".repeat(limits.clientFrameBytesMax) } : sample(request)) });
  const connection = await open(server);
  await expect(connection.call(clientRequests.admin, 10_000)).rejects.toEqual(code("TOO_LARGE"));
  await connection.call(clientRequests.get, 10_000);
});

test("a call without an answer ends with TIMEOUT, as maybe sent", async () => {
  const connection = await open(await serve({ onRequest: () => new Promise<ClientResponse>(() => undefined) }));
  await expect(connection.call(clientRequests.propose, 30)).rejects.toMatchObject({ code: "TIMEOUT", details: { sent: true } });
});

test("stop answers what is under way, refuses what is new, and says why it closes (S53)", async () => {
  const gate = defer<void>();
  const arrived = defer<void>();
  const server = await serve({
    onRequest: (request) => {
      arrived.resolve();
      return gate.promise.then(() => sample(request));
    },
  });
  const lost = defer<RaftctlError>();
  const connection = await open(server, { onClose: lost.resolve });
  const underWay = outcome(connection.call(clientRequests.admin, 5_000));
  await arrived.promise;
  const stopped = server.stop(2_000);
  expect(await outcome(connection.call(clientRequests.admin, 5_000))).toBe("STOPPED");
  await expect(RequestConnection.connect(server.address, { clock, clientName: "late", timeoutMs: 500 })).rejects.toEqual(code("UNREACHABLE"));
  gate.resolve();
  expect(await underWay).toBe("answered");
  await stopped;
  expect((await lost.promise).message).toBe("the daemon is stopping");
});

test("peers and foreign clusters are sent away, each with its reason (S54)", async () => {
  const refused: string[] = [];
  const server = await serve({ onRefused: (who, reason) => void refused.push(`${who.split(" ")[0]} ${reason.code}`) });
  const options = { clock, timeoutMs: 10_000, payloadBytesMax: 1_000, sendQueueBytesMax: 1 << 20 };
  await expect(dial(server.address, { ...hello, expectNodeId: undefined }, undefined, options)).rejects.toEqual(code("DENIED"));
  await expect(open(server, { clusterId: parseClusterId("f".repeat(32)) })).rejects.toEqual(code("CLUSTER_MISMATCH"));
  expect([server.refusedTotal, refused]).toEqual([2, ["n3 DENIED", "test CLUSTER_MISMATCH"]]);
});

test("who is not admitted by authenticate is refused", async () => {
  const server = await serve({
    authenticate: ({ credentials }) => {
      if (credentials === undefined) throw new RaftctlError("DENIED", "no credentials");
    },
  });
  await expect(open(server)).rejects.toEqual(code("DENIED"));
  await open(server, { credentials: Uint8Array.of(1) });
});

test("bad magic gets a typed refusal and the connection is closed (S54)", async () => {
  const server = await serve();
  const socket = await connectFramed(server.address, { clock, timeoutMs: 1_000, payloadBytesMax: 4_096, sendQueueBytesMax: 4_096 });
  const answer = defer<unknown>();
  const closed = defer<void>();
  socket.receive((payload) => answer.resolve(messagePackCodec.decode(payload)), () => closed.resolve());
  socket.sendFields(["etcd", 1]);
  expect(await answer.promise).toEqual(["raftctl", 1, 1, ["INCOMPATIBLE", "hello: the other side does not speak raftctl's protocol", null, null]]);
  await closed.promise;
});

test("who does not say who he is in time is cut off (S53, T7)", async () => {
  const server = await serve({ limits: { handshakeTimeoutMs: 40 } });
  const socket = connectPlain(server.address as { host: string; port: number });
  await new Promise((resolve) => socket.once("close", resolve).resume());
  await eventually(() => server.connections).toBe(0);
});

test("connections beyond the bounds are closed at once, and there is room again when others leave (T8, H47)", async () => {
  const server = await serve({ limits: { connectionsMax: 5, connectionsPerAddressMax: 3 } });
  const admitted = [await open(server), await open(server), await open(server)];
  await expect(open(server)).rejects.toEqual(code("UNREACHABLE"));
  admitted[0]!.close();
  await eventually(() => open(server).then(() => "connected", () => "refused")).toBe("connected");
  expect(server.refusedTotal).toBeGreaterThan(0);
  const small = await serve({ limits: { connectionsMax: 2 } });
  await open(small);
  await open(small);
  await expect(open(small)).rejects.toEqual(code("UNREACHABLE"));
});

/** Writes a hello and many requests at once, and reads nothing until its socket is resumed. */
function greedyClient(server: RequestServer, requests: number): { socket: Socket; codes: unknown[] } {
  const greeting = encodeHello({ ...hello, role: "client", clusterId: undefined, expectNodeId: undefined });
  const encoder = new FrameEncoder(messagePackCodec, crc32);
  const messages = [greeting, ...Array.from({ length: requests }, (_, at) => encodeClientRequest(clientRequests.admin).with(0, at + 1))];
  const socket = connectPlain(server.address as { host: string; port: number });
  cleanUp.push(() => void socket.destroy());
  const codes: unknown[] = [];
  const decoder = new FrameDecoder(1 << 20, crc32);
  const codeIn = (fields: unknown[]): unknown => (fields[1] === 1 && Array.isArray(fields[2]) ? (fields[2] as unknown[])[0] : "answered");
  socket.on("data", (chunk: Buffer) => decoder.push(chunk, (payload) => codes.push(codeIn(messagePackCodec.decode(payload) as unknown[]))));
  socket.pause();
  socket.write(Buffer.concat(messages.map((fields) => Buffer.from(encoder.encode(fields).head))));
  return { socket, codes };
}

test("who sends faster than he reads is held up, and gets every answer in the end (T9)", async () => {
  const answer: ClientResponse = { operation: "admin", result: "x".repeat(1_000) };
  const server = await serve({ limits: { sendQueueBytesMax: 4 << 20, pauseReadingAboveBytes: 64 << 10 }, onRequest: () => answer });
  const { socket, codes } = greedyClient(server, 20_000);
  // Everything that the kernel takes is on its way before the first answer is read.
  for (let turns = 0; turns < 2_000; turns += 1) await new Promise(setImmediate);
  expect([server.connections, codes.length]).toEqual([1, 0]);
  socket.resume();
  await eventually(() => codes.length).toBe(20_001);
  expect(new Set(codes)).toEqual(new Set(["answered"]));
});

test("answers of more bytes than may wait are refused with BUSY, and memory stays bounded (T9)", async () => {
  const answer: ClientResponse = { operation: "admin", result: "x".repeat(100_000) };
  const server = await serve({ limits: { sendQueueBytesMax: 4 << 20, pauseReadingAboveBytes: 1 << 20 }, onRequest: () => answer });
  const before = heldBytes();
  const { socket, codes } = greedyClient(server, 5_000);
  for (let turns = 0; turns < 500; turns += 1) await new Promise(setImmediate);
  // What may wait, and as much again for what carries it; all the answers are 500 MB.
  expect(heldBytes() - before).toBeLessThan(8 << 20);
  await (await open(server)).call(clientRequests.admin, 10_000);
  socket.resume();
  await eventually(() => codes.length).toBe(5_001);
  expect(new Set(codes)).toEqual(new Set(["answered", "BUSY"]));
});

test("the admin socket: mode 0600, same protocol, gone after stop (T18, S120)", async () => {
  const directory = mkdtempSync(join(tmpdir(), "raftctl-"));
  cleanUp.push(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "admin.sock");
  const server = await serve({ name: "admin", address: { path } });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const seen: (string | undefined)[] = [];
  const connection = await open(server);
  expect(await connection.call(clientRequests.admin, 10_000)).toEqual(clientResponses.admin);
  expect(seen).toEqual([]);
  await expect(serve({ name: "admin", address: { path } })).rejects.toEqual(code("ADDRESS_IN_USE"));
  await server.stop(100);
  expect(() => statSync(path)).toThrow("ENOENT");
  await expect(RequestConnection.connect({ path }, { clock, clientName: "t", timeoutMs: 500 })).rejects.toMatchObject({ code: "UNREACHABLE", details: { sent: false } });
});

test("over TLS 1.3 with certificates on both sides; plaintext and TLS 1.2 are not served (S56, T10)", async () => {
  const made = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec", algorithm: "sha256",
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }, { type: 7, ip: "127.0.0.1" }] }],
  });
  const material = { key: made.private, certificate: made.cert, authority: made.cert };
  const server = await serve({ tls: tlsServerOptions(material) });
  const connection = await open(server, { tls: tlsClientOptions(material) });
  expect(await connection.call(clientRequests.admin, 10_000)).toEqual(clientResponses.admin);
  await expect(open(server)).rejects.toEqual(code("UNREACHABLE"));
  const old = connectTls({ ...(server.address as { host: string; port: number }), maxVersion: "TLSv1.2", ca: material.authority, key: material.key, cert: material.certificate });
  await expect(new Promise((resolve, reject) => old.once("secureConnect", resolve).once("error", reject))).rejects.toThrow("protocol version");
  const anonymous = await outcome(open(server, { tls: tlsClientOptions({ authority: material.authority }) }));
  expect(anonymous).toBe("UNREACHABLE");
});

test("connecting gives up in its time when nobody answers the handshake", async () => {
  const sockets: Socket[] = [];
  const { createServer } = await import("node:net");
  const silent = createServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  cleanUp.push(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const target = { host: "127.0.0.1", port: (silent.address() as { port: number }).port } satisfies ConnectTarget;
  await expect(RequestConnection.connect(target, { clock, clientName: "t", timeoutMs: 50 })).rejects.toMatchObject({ code: "UNREACHABLE", details: { sent: false } });
  expect(parseNodeId("1")).toBe("1");
});

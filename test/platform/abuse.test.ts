// What anybody on the network can do to a listener, over real sockets: it goes on serving others, without a stall and within its memory.

import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { crc32 } from "node:zlib";
import { writeU32 } from "../../src/base/bytes.ts";
import { Prng } from "../../src/base/prng.ts";
import { parseAddress } from "../../src/platform/connect.ts";
import { RequestConnection } from "../../src/platform/request-connection.ts";
import { RequestServer } from "../../src/platform/request-server.ts";
import { SystemClock } from "../../src/platform/system-clock.ts";
import { TcpTransport } from "../../src/platform/tcp-transport.ts";
import { messagePackCodec } from "../../src/wire/codec.ts";
import { FrameDecoder } from "../../src/wire/frame.ts";
import { encodeHello } from "../../src/wire/handshake.ts";
import { mutate, mutateFields } from "../wire/mutation.ts";
import { allMessages, clientRequests, clientResponses, hello, peerRequests, welcome } from "../wire/samples.ts";
import { clusterId, region, TransportCluster, type TestNode } from "../../src/conformance/transport-cluster.ts";
import { eventually } from "./eventually.ts";
import { heldBytes } from "./held-memory.ts";

const clock = new SystemClock();
const stallMsMax = 50;
const mib = 1 << 20;
let server: RequestServer;
let cluster: TransportCluster;
let peers: [TestNode, TestNode];
let steady: RequestConnection;

beforeAll(async () => {
  server = new RequestServer({
    clock, name: "client", address: { host: "127.0.0.1", port: 0 }, identity: welcome, onRequest: (request) => clientResponses[request.operation],
    limits: { handshakeTimeoutMs: 1_000, connectionsMax: 700, connectionsPerAddressMax: 650 },
  });
  await server.start();
  cluster = new TransportCluster(({ identity, directory }) =>
    new TcpTransport({ clock, prng: new Prng(1), identity, directory, address: { host: "127.0.0.1", port: 0 }, limits: { drainMs: 100, connectionsMax: 300 } }));
  peers = [await cluster.add("1"), await cluster.add("2")];
  steady = await RequestConnection.connect(server.address, { clock, clientName: "steady", timeoutMs: 10_000 });
});
afterAll(async () => {
  steady.close();
  await server.stop(100);
  await cluster.stop();
});

async function serves(): Promise<void> {
  await steady.call(clientRequests.get, 10_000);
  const fresh = await RequestConnection.connect(server.address, { clock, clientName: "fresh", timeoutMs: 10_000 });
  await fresh.call(clientRequests.propose, 10_000);
  fresh.close();
  await peers[0].transport.network.forGroup(region).readIndex(peers[1].id, peerRequests.readIndex, { timeoutMs: 10_000 });
}

/** The most time that this thread worked in one turn of the event loop while `work` went on, ms: not what a busy machine took away from it. */
async function stallDuring(work: () => Promise<void>): Promise<number> {
  let longest = 0;
  const done = new AbortController();
  const measure = async (): Promise<void> => {
    for (let last = process.threadCpuUsage(); !done.signal.aborted; ) {
      await new Promise(setImmediate);
      const now = process.threadCpuUsage();
      longest = Math.max(longest, now.user + now.system - last.user - last.system);
      last = now;
    }
  };
  const measured = measure();
  await work();
  done.abort();
  await measured;
  return longest / 1_000;
}

function frame(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + payload.length);
  writeU32(bytes, 0, payload.length);
  writeU32(bytes, 4, crc32(payload));
  bytes.set(payload, 8);
  return bytes;
}

const encode = (fields: unknown[]): Uint8Array => Uint8Array.from(messagePackCodec.encode(fields, 0));

/** Opens a connection, writes everything, counts the answers, and resolves when the other side has closed. */
function attack(target: { host: string; port: number }, chunks: Uint8Array[], answered: { total: number } = { total: 0 }): Promise<void> {
  return new Promise((resolve) => {
    const decoder = new FrameDecoder(1 << 24, crc32);
    const socket = connect(target, () => socket.write(Buffer.concat(chunks)));
    socket.on("data", (chunk: Buffer) => decoder.push(chunk, () => (answered.total += 1)));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve());
  });
}

test("20,000 mutated frames on the client and the peer listener, with good checksums: both go on serving (S14, T1-T6, T12)", async () => {
  const prng = new Prng(99);
  const isRequest = (name: string): boolean => name.includes(".") && !name.endsWith("Response");
  const requests = Object.entries(allMessages()).filter(([name]) => isRequest(name)).map(([, fields]) => fields);
  const payloads = Object.values(allMessages()).map(encode);
  const clientHello = frame(encode(encodeHello({ ...hello, role: "client", nodeId: undefined, clusterId: undefined, expectNodeId: undefined })));
  // Each its own id, because a second connection of one node replaces the first.
  const peerHello = (id: number): Uint8Array => frame(encode(encodeHello({ ...hello, clusterId, clusterIncarnation: 1, nodeId: `${id}` as never, expectNodeId: undefined })));
  const clients = server.address as { host: string; port: number };
  const peerListener = parseAddress(peers[1].address());
  const answered = { total: 0 };
  let frames = 0;
  // Made before the clock runs: what is measured is the listeners, not the attackers.
  const attacks = Array.from({ length: 600 }, (_, at) => {
    const [target, greeting] = at % 2 === 0 ? [clients, clientHello] : [peerListener, peerHello(100 + at)];
    // Those that are well formed and wrong are answered one by one; the first one that is no message ends the connection.
    const wrong = Array.from({ length: 30 }, () => frame(encode(mutateFields(requests[prng.integer(0, requests.length - 1)]!, prng))));
    const broken = Array.from({ length: 5 }, () => frame(mutate(payloads[prng.integer(0, payloads.length - 1)]!, prng)));
    frames += wrong.length + broken.length;
    return { target, chunks: prng.chance(0.9) ? [greeting, ...wrong, ...broken, mutate(wrong[0]!, prng)] : broken };
  });
  const memoryBefore = heldBytes();
  const stallMs = await stallDuring(async () => {
    for (let wave = 0; wave < attacks.length; wave += 10) {
      await Promise.all(attacks.slice(wave, wave + 10).map(({ target, chunks }) => attack(target, chunks, answered)));
    }
  });
  expect(frames).toBeGreaterThanOrEqual(20_000);
  // Mutations that are never looked at would prove nothing.
  expect(answered.total).toBeGreaterThan(10_000);
  expect(peers[1].received.length).toBeGreaterThan(100);
  expect(stallMs).toBeLessThan(stallMsMax);
  expect(heldBytes() - memoryBefore).toBeLessThan(32 * mib);
  await serves();
}, 20_000);

test("1,000 length bombs cost nothing: each is refused from its header (T1)", async () => {
  const memoryBefore = process.memoryUsage().arrayBuffers;
  for (let wave = 0; wave < 10; wave += 1) {
    await Promise.all(Array.from({ length: 100 }, (_, at) => {
      const bomb = new Uint8Array(8);
      writeU32(bomb, 0, at % 2 === 0 ? 0xffff_ffff : 0x7fff_ffff);
      return attack(at % 2 === 0 ? (server.address as { host: string; port: number }) : parseAddress(peers[1].address()), [bomb]);
    }));
  }
  expect(process.memoryUsage().arrayBuffers - memoryBefore).toBeLessThan(10 * mib);
  await serves();
});

test("500 sockets that send a byte now and then are cut off after the handshake time, and meanwhile others are served (T7)", async () => {
  const sockets: Socket[] = [];
  const memoryBefore = heldBytes();
  let closed = 0;
  await Promise.all(Array.from({ length: 500 }, () => new Promise<void>((resolve) => {
    const socket = connect(server.address as { host: string; port: number }, resolve);
    socket.on("error", () => undefined);
    socket.on("close", () => (closed += 1));
    socket.resume();
    sockets.push(socket);
  })));
  const drip = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write(Uint8Array.of(1));
  }, 200);
  await serves();
  expect(server.connections).toBeGreaterThan(400);
  await eventually(() => closed).toBe(500);
  clearInterval(drip);
  expect(heldBytes() - memoryBefore).toBeLessThan(32 * mib);
  await serves();
}, 30_000);

test("a flood of 1,500 connections is held to the caps; who was there is served meanwhile, and newcomers afterwards (T8, H47)", async () => {
  const sockets: Socket[] = [];
  let most = 0;
  for (let wave = 0; wave < 15; wave += 1) {
    await Promise.all(Array.from({ length: 100 }, () => new Promise<void>((resolve) => {
      const socket = connect(server.address as { host: string; port: number }, resolve);
      socket.on("error", () => resolve());
      socket.on("close", () => resolve());
      sockets.push(socket);
    })));
    most = Math.max(most, server.connections);
    await steady.call(clientRequests.get, 10_000);
  }
  expect(most).toBeLessThanOrEqual(700);
  for (const socket of sockets) socket.destroy();
  await eventually(() => server.connections).toBeLessThan(10);
  await serves();
}, 30_000);

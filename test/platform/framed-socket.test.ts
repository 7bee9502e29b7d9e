import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { defer } from "../../src/base/deferred.ts";
import type { RaftctlError } from "../../src/base/errors.ts";
import { FramedSocket, type FramedSocketOptions } from "../../src/platform/framed-socket.ts";
import { SystemClock } from "../../src/platform/system-clock.ts";
import { messagePackCodec } from "../../src/wire/codec.ts";
import { ManualClock } from "./manual-clock.ts";
import { eventually } from "./eventually.ts";

const clock = new SystemClock();
let server: Server;
let near: Socket;
let far: Socket;

/** Two raw sockets that are connected to each other. */
beforeEach(async () => {
  const accepted = defer<Socket>();
  server = createServer((socket) => accepted.resolve(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  near = connect((server.address() as AddressInfo).port, "127.0.0.1");
  far = await accepted.promise;
});
afterEach(() => {
  near.destroy();
  far.destroy();
  server.close();
});

const framed = (socket: Socket, overrides: Partial<FramedSocketOptions> = {}): FramedSocket =>
  new FramedSocket(socket, { clock, name: "peer 1", payloadBytesMax: 1 << 20, sendQueueBytesMax: 1 << 24, ...overrides });

function receiveAll(socket: FramedSocket): { values: unknown[]; closed: Promise<RaftctlError | undefined> } {
  const values: unknown[] = [];
  const { promise, resolve } = defer<RaftctlError | undefined>();
  socket.receive((payload) => values.push(messagePackCodec.decode(payload)), resolve);
  return { values, closed: promise };
}

test("all frames of one turn leave in one write, in order", async () => {
  const sender = framed(near);
  const { values } = receiveAll(framed(far));
  let writes = 0;
  const write = near.write.bind(near);
  near.write = ((...parts: Parameters<typeof write>) => {
    writes += 1;
    return write(...parts);
  }) as typeof near.write;
  for (let at = 0; at < 100; at += 1) {
    sender.sendFields([at, "x".repeat(at)]);
    await Promise.resolve();
  }
  expect(writes).toBe(0);
  await eventually(() => values.length).toBe(100);
  expect(writes).toBe(1);
  expect(values.map((value) => (value as number[])[0])).toEqual(Array.from({ length: 100 }, (_, at) => at));
});

test("large blobs among small frames arrive whole", async () => {
  const sender = framed(near);
  const { values } = receiveAll(framed(far));
  const blob = new Uint8Array(700_000).fill(9);
  sender.sendFields([1, "before"]);
  sender.sendFields([2, blob]);
  sender.sendFields([3, "after"]);
  await eventually(() => values.length).toBe(3);
  expect(Buffer.compare((values[1] as [number, Uint8Array])[1], blob)).toBe(0);
});

test("what arrives before somebody wants it is kept", async () => {
  const sender = framed(near);
  const receiver = framed(far);
  sender.sendFields([1, 1]);
  sender.sendFields([2, 2]);
  await eventually(() => far.bytesRead).toBeGreaterThan(0);
  const { values } = receiveAll(receiver);
  expect(values).toEqual([[1, 1], [2, 2]]);
  receiver.pauseDelivery();
  sender.sendFields([3, 3]);
  await eventually(() => far.bytesRead).toBeGreaterThan(30);
  expect(values).toHaveLength(2);
  expect(receiveAll(receiver).values).toEqual([[3, 3]]);
});

test("a frame that takes too long cuts the connection off, a stream of whole frames does not (T7)", async () => {
  const receiver = framed(far, { frameTimeoutMs: 300 });
  const { closed, values } = receiveAll(receiver);
  const sender = framed(near);
  for (let at = 0; at < 20; at += 1) {
    sender.sendFields([at, "x".repeat(100_000)]);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await eventually(() => values.length).toBe(20);
  const { head } = sender.encode([21, "never complete"]);
  near.write(head.subarray(0, head.length - 1));
  expect(await closed).toMatchObject({ code: "TIMEOUT", message: "peer 1 did not complete a frame within 300 ms" });
});

test("who does not read is cut off when his queue is full, and the reason names him and the bound (T9, S50)", async () => {
  far.pause();
  const sender = framed(near, { sendQueueBytesMax: 1 << 20 });
  const { closed } = receiveAll(sender);
  for (let at = 0; at < 200 && !sender.closed; at += 1) {
    sender.sendFields([at, new Uint8Array(100_000)]);
    await new Promise(setImmediate);
  }
  expect(await closed).toMatchObject({ code: "BUSY", message: expect.stringMatching(/^peer 1 does not read: \d+ bytes wait in its send queue \(at most 1048576\)$/) as string });
});

test("who leaves the queue above the mark for ten seconds is cut off, who reads goes on (T9)", async () => {
  const manual = new ManualClock();
  far.pause();
  const sender = framed(near, { clock: manual, pauseReadingAboveBytes: 1 << 16 });
  const { closed } = receiveAll(sender);
  sender.sendFields([1, new Uint8Array(12_000_000)]);
  await eventually(() => near.bytesWritten).toBeGreaterThan(0);
  manual.advance(9_000);
  far.resume();
  await eventually(() => sender.waitingBytes).toBe(0);
  await eventually(() => manual.armed).toBe(0);
  manual.advance(9_000);
  expect(sender.closed).toBe(false);
  far.pause();
  sender.sendFields([2, new Uint8Array(12_000_000)]);
  manual.advance(10_000);
  expect(await closed).toMatchObject({ code: "BUSY", message: expect.stringContaining("does not read") as string });
});

test("who ends without having read what waits for him is gone at once", async () => {
  far.pause();
  const sender = framed(near);
  const { closed } = receiveAll(sender);
  sender.sendFields([1, new Uint8Array(14_000_000)]);
  await eventually(() => near.bytesWritten).toBeGreaterThan(0);
  far.end();
  expect(await closed).toBeUndefined();
});

test("close delivers what was sent before it, and what comes later is dropped", async () => {
  const sender = framed(near);
  const { values, closed } = receiveAll(framed(far));
  sender.sendFields([1, "last words"]);
  sender.close();
  sender.sendFields([2, "too late"]);
  expect(await closed).toBeUndefined();
  expect(values).toEqual([[1, "last words"]]);
});

test("a frame over the bound, or noise, ends the connection with BAD_FRAME and hands out nothing (T1)", async () => {
  const { values, closed } = receiveAll(framed(far, { payloadBytesMax: 100 }));
  near.write("noise of another kind\r\n\r\n");
  expect(await closed).toMatchObject({ code: "BAD_FRAME" });
  expect(values).toEqual([]);
});

test("a reset is reported as CONNECTION_LOST", async () => {
  const { closed } = receiveAll(framed(far));
  near.resetAndDestroy();
  expect(await closed).toMatchObject({ code: "CONNECTION_LOST" });
});

test("who comes after the end learns of it", async () => {
  const socket = framed(far);
  near.resetAndDestroy();
  await eventually(() => socket.closed).toBe(true);
  await new Promise(setImmediate);
  expect(await receiveAll(socket).closed).toMatchObject({ code: "CONNECTION_LOST" });
});

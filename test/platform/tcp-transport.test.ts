import { afterEach, expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { RaftctlError } from "../../src/base/errors.ts";
import { defer } from "../../src/base/deferred.ts";
import { dial, parseAddress } from "../../src/platform/connect.ts";
import { CallChannel } from "../../src/platform/call-channel.ts";
import { SystemClock } from "../../src/platform/system-clock.ts";
import { TcpTransport, type TcpTransportLimits } from "../../src/platform/tcp-transport.ts";
import { limits } from "../../src/wire/limits.ts";
import { encodePeerRequest } from "../../src/wire/peer-requests.ts";
import { peerRequests, peerResponses } from "../wire/samples.ts";
import { TcpProxy } from "./tcp-proxy.ts";
import { clusterId, region, TransportCluster, type TestNode } from "../../src/conformance/transport-cluster.ts";
import { describeTransport } from "./transport-conformance.ts";
import { eventually } from "./eventually.ts";

const clock = new SystemClock();
const local = { host: "127.0.0.1", port: 0 };
const soon = { timeoutMs: 5_000 };
const code = (expected: string): unknown => expect.objectContaining({ code: expected });

describeTransport("TCP", ({ identity, directory }) => new TcpTransport({ clock, prng: new Prng(1), identity, directory, address: local }));

const cleanUp: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of cleanUp.splice(0).reverse()) await stop();
});

async function pair(overrides: Partial<TcpTransportLimits> = {}): Promise<{ one: TestNode; two: TestNode; cluster: TransportCluster }> {
  const cluster = new TransportCluster(({ identity, directory }) =>
    new TcpTransport({ clock, prng: new Prng(1), identity, directory, address: local, limits: { backoffMsMin: 5, backoffMsMax: 40, drainMs: 100, ...overrides } }));
  cleanUp.push(() => cluster.stop());
  return { one: await cluster.add("1"), two: await cluster.add("2"), cluster };
}

async function pairThroughProxy(overrides: Partial<TcpTransportLimits> = {}): Promise<{ one: TestNode; two: TestNode; proxy: TcpProxy }> {
  const { one, two, cluster } = await pair(overrides);
  const proxy = new TcpProxy(() => parseAddress(two.address()));
  await proxy.start();
  cleanUp.push(() => proxy.stop());
  cluster.addresses.set(two.id, proxy.address);
  return { one, two, proxy };
}

const heartbeat = (from: TestNode, to: TestNode): Promise<unknown> =>
  from.transport.network.forGroup(region).appendEntries(to.id, { ...peerRequests.appendEntries, entries: new Uint8Array(0) }, soon);

async function untilAnswered(call: () => Promise<unknown>): Promise<number> {
  for (let failures = 0; ; failures += 1) {
    const answered = await call().then(() => true, () => false);
    if (answered) return failures;
    await new Promise(setImmediate);
  }
}

test("1000 heartbeats of 10 regions use exactly one connection, and after a loss exactly one more (S12, S18)", async () => {
  const { one, two, proxy } = await pairThroughProxy();
  for (let at = 0; at < 1_000; at += 1) await heartbeat(one, two);
  expect([proxy.accepted, one.transport.stats.peerConnectsTotal]).toEqual([1, 1]);
  proxy.reset();
  await untilAnswered(() => heartbeat(one, two));
  for (let at = 0; at < 100; at += 1) await heartbeat(one, two);
  expect([proxy.accepted, one.transport.stats.peerConnectsTotal]).toEqual([2, 2]);
  expect(one.transport.stats.peers).toMatchObject([{ id: two.id, state: "connected" }]);
  expect(two.transport.stats.peerConnectsTotal).toBe(0);
});

test("when the connection drops, all calls under way fail at once with CONNECTION_LOST", async () => {
  const { one, two, proxy } = await pairThroughProxy();
  await heartbeat(one, two);
  const arrived = defer<void>();
  two.answer = () => {
    if (two.received.length > 20) arrived.resolve();
    return new Promise(() => undefined);
  };
  const calls = Array.from({ length: 20 }, () => heartbeat(one, two));
  const outcomes = Promise.allSettled(calls);
  await arrived.promise;
  const start = performance.now();
  proxy.reset();
  for (const outcome of await outcomes) {
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "CONNECTION_LOST", details: { sent: true } } });
  }
  expect(performance.now() - start).toBeLessThan(1_000);
});

test.each([["request", "toTarget"], ["answer", "fromTarget"]] as const)("a flipped bit in a %s is detected, the connection dropped, and the next one works (S6)", async (_what, way) => {
  const { one, two, proxy } = await pairThroughProxy();
  await heartbeat(one, two);
  let flipped = false;
  proxy[way] = (chunk) => {
    if (!flipped) chunk[chunk.length - 2]! ^= 0x10;
    flipped = true;
    return chunk;
  };
  await expect(heartbeat(one, two)).rejects.toEqual(code("CONNECTION_LOST"));
  expect(flipped).toBe(true);
  // A damaged request reaches nobody; a damaged answer comes too late to stop its request.
  expect(two.received).toHaveLength(way === "toTarget" ? 1 : 2);
  await untilAnswered(() => heartbeat(one, two));
  expect(proxy.accepted).toBe(2);
});

test("with 30 % of the chunks cut off by resets every call settles in its time (S6)", async () => {
  const { one, two, proxy } = await pairThroughProxy();
  const prng = new Prng(3);
  proxy.toTarget = (chunk) => {
    if (prng.chance(0.3)) proxy.reset();
    return chunk;
  };
  const outcomes = new Set<string>();
  for (let round = 0; round < 200; round += 1) {
    outcomes.add(await heartbeat(one, two).then(() => "answered", (error: unknown) => (error as RaftctlError).code));
    await new Promise(setImmediate);
  }
  expect(outcomes).toContain("answered");
  for (const outcome of outcomes) expect(["answered", "CONNECTION_LOST", "UNREACHABLE", "TIMEOUT"]).toContain(outcome);
});

test("a peer that is gone without a word is found out by pings, long before the calls' own timeouts (S53)", async () => {
  const { one, two, proxy } = await pairThroughProxy({ pingMs: 40 });
  await heartbeat(one, two);
  proxy.toTarget = () => undefined;
  proxy.fromTarget = () => undefined;
  const start = performance.now();
  await expect(heartbeat(one, two)).rejects.toMatchObject({ code: "CONNECTION_LOST", message: expect.stringContaining("nothing was heard") as string });
  expect(performance.now() - start).toBeLessThan(2_000);
});

test("who is refused by a recovered member is told so, and whoever looks after it hears of it (N3)", async () => {
  const heard: string[] = [];
  const { two, cluster } = await pair();
  const recovered = await cluster.add("3", { clusterIncarnation: 2 });
  const outdated = new TcpTransport({
    clock, prng: new Prng(1), address: { host: "127.0.0.1", port: 0 }, onFenced: ({ code: said, message }) => heard.push(`${said} ${message}`),
    directory: { addressOf: (id) => (id === recovered.id ? recovered.address() : two.address()), refusalOf: () => undefined },
    identity: { clusterId, clusterIncarnation: 1, nodeId: "9" as never, incarnation: 1, name: "n9", regions: [], version: "0" },
  });
  const send = (to: TestNode): Promise<unknown> => outdated.network.forGroup(region).timeoutNow(to.id, peerRequests.timeoutNow, { timeoutMs: 1_000 });
  await send(two);
  await expect(send(recovered)).rejects.toMatchObject({ code: "CLUSTER_RECOVERED" });
  expect(heard).toEqual([expect.stringContaining("CLUSTER_RECOVERED the cluster lost its quorum and was recovered as incarnation 2; node n9 is of incarnation 1")]);
  await outdated.stop();
});

test("the receiving side closes a connection that is silent, without a call under way (S53)", async () => {
  const { one, two, proxy } = await pairThroughProxy({ silenceMs: 400, pingMs: 60_000 });
  await heartbeat(one, two);
  const transport = two.transport as TcpTransport;
  expect([transport.connections, proxy.accepted]).toEqual([1, 1]);
  await eventually(() => transport.connections).toBe(0);
});

test("pings measure the round trip", async () => {
  const { one, two } = await pair({ pingMs: 20 });
  await heartbeat(one, two);
  await eventually(() => one.transport.stats.peers[0]?.rttMs).toBeGreaterThan(0);
});

test("snapshot chunks travel on a connection of their own, which closes when it is idle (H49)", async () => {
  const { one, two, proxy } = await pairThroughProxy({ bulkIdleMs: 50 });
  await heartbeat(one, two);
  const chunk = { ...peerRequests.installSnapshot, data: new Uint8Array(limits.snapshotChunkBytesMax) } as never;
  await one.transport.network.forGroup(region).installSnapshot(two.id, chunk, soon);
  expect(proxy.accepted).toBe(2);
  expect(one.transport.stats.peerConnectsTotal).toBe(1);
  await eventually(() => (two.transport as TcpTransport).connections).toBe(1);
  await heartbeat(one, two);
  expect(proxy.accepted).toBe(2);
});

test("heartbeats do not wait behind a snapshot that is stuck (H49)", async () => {
  const { one, two, proxy } = await pairThroughProxy();
  await heartbeat(one, two);
  const held: Buffer[] = [];
  proxy.toTarget = (chunk) => {
    if (chunk.length < 1_000) return chunk;
    held.push(chunk);
    return undefined;
  };
  const chunk = { ...peerRequests.installSnapshot, data: new Uint8Array(limits.snapshotChunkBytesMax) } as never;
  const stuck = one.transport.network.forGroup(region).installSnapshot(two.id, chunk, { timeoutMs: 300 }).then(() => "answered", (error: unknown) => (error as RaftctlError).code);
  for (let at = 0; at < 100; at += 1) await heartbeat(one, two);
  expect(held.length).toBeGreaterThan(0);
  expect(await stuck).toBe("TIMEOUT");
});

test("more calls than the bound are refused with BUSY by the sender, without being sent (S50)", async () => {
  const { one, two } = await pair({ inFlightPerPeerMax: 10 });
  await heartbeat(one, two);
  const answer = defer<unknown>();
  two.answer = () => answer.promise;
  const calls = Array.from({ length: 10 }, () => heartbeat(one, two));
  await expect(heartbeat(one, two)).rejects.toMatchObject({ code: "BUSY", details: { sent: false } });
  answer.resolve(peerResponses.appendEntries);
  await Promise.all(calls);
  await heartbeat(one, two);
});

test("more requests than the bound are answered with BUSY by the receiver (S50)", async () => {
  const { two } = await pair({ inFlightPerPeerMax: 3 });
  const channel = await openChannel(two, "7");
  const answer = defer<unknown>();
  two.answer = () => answer.promise;
  const outcomes = Array.from({ length: 5 }, () => channel.call(encodePeerRequest("readIndex", region, peerRequests.readIndex as never), () => "answered", 5_000));
  answer.resolve(peerResponses.readIndex);
  const codes = await Promise.all(outcomes.map((outcome) => outcome.then(() => "answered", (error: unknown) => (error as RaftctlError).code)));
  expect(codes).toEqual(["answered", "answered", "answered", "answered", "answered"]);
  expect(two.received).toHaveLength(3);
});

test("a second connection of the same peer replaces the first, which is told why (S59, U11)", async () => {
  const { two } = await pair();
  const first = await openChannel(two, "7");
  const lost = defer<RaftctlError>();
  first.whenClosed.push(lost.resolve);
  const second = await openChannel(two, "7");
  expect(await lost.promise).toMatchObject({ code: "CONNECTION_LOST", message: "node 7 opened a newer connection" });
  await second.call(encodePeerRequest("readIndex", region, peerRequests.readIndex as never), () => "answered", 5_000);
});

test("a joiner may send admin and nothing else", async () => {
  const { two } = await pair();
  const { socket } = await dial(parseAddress(two.address()), { ...helloOf("9"), role: "joiner", clusterId: undefined }, undefined, dialOptions);
  const answers: unknown[] = [];
  const channel = new CallChannel(socket, { ...channelOptions, onClose: () => undefined });
  cleanUp.push(async () => channel.close(new RaftctlError("STOPPED", "done")));
  for (const type of ["admin", "appendEntries", "propose"] as const) {
    answers.push(await channel.call(encodePeerRequest(type, region, peerRequests[type] as never), (fields) => (fields[1] === 0 ? "answered" : (fields[2] as unknown[])[0]), 5_000));
  }
  expect(answers).toEqual(["answered", "DENIED", "DENIED"]);
  expect(two.received).toHaveLength(1);
});

test("a malformed request is answered with BAD_REQUEST and the connection goes on (S14)", async () => {
  const { two } = await pair();
  const channel = await openChannel(two, "7");
  const status = (fields: unknown[]): unknown => (fields[1] === 0 ? "answered" : (fields[2] as unknown[])[0]);
  expect(await channel.call([0, 3, 1, "what"], status, 5_000)).toBe("BAD_REQUEST");
  expect(await channel.call([0, 200, 1], status, 5_000)).toBe("BAD_REQUEST");
  expect(await channel.call(encodePeerRequest("readIndex", region, peerRequests.readIndex as never), status, 5_000)).toBe("answered");
});

test("dropRefused cuts off the peers whom the directory refuses now", async () => {
  const { one, two, cluster } = await pair();
  await heartbeat(one, two);
  cluster.refusals.set(one.id, new RaftctlError("REMOVED", "node 1 was removed"));
  (two.transport as TcpTransport).dropRefused();
  await eventually(() => (two.transport as TcpTransport).connections).toBe(0);
  await eventually(() => heartbeat(one, two).then(() => "answered", (error: unknown) => (error as RaftctlError).code)).toBe("REMOVED");
});

test("a refusal keeps its code while the link backs off", async () => {
  const { one, two, cluster } = await pair({ backoffMsMin: 60_000, backoffMsMax: 60_000 });
  cluster.refusals.set(one.id, new RaftctlError("REMOVED", "node 1 was removed"));
  await expect(heartbeat(one, two)).rejects.toEqual(code("REMOVED"));
  await expect(heartbeat(one, two)).rejects.toEqual(code("REMOVED"));
});

test("the link to a node that lost its address is forgotten", async () => {
  const { one, two, cluster } = await pair();
  await heartbeat(one, two);
  cluster.addresses.delete(two.id);
  expect(one.transport.stats.peers).toEqual([]);
  await eventually(() => (two.transport as TcpTransport).connections).toBe(0);
});

test("an address in use is named in ADDRESS_IN_USE", async () => {
  const { one, cluster } = await pair();
  const { host, port } = parseAddress(one.address());
  const second = new TcpTransport({
    clock, prng: new Prng(1), address: { host, port }, directory: { addressOf: () => undefined, refusalOf: () => undefined },
    identity: { clusterId, clusterIncarnation: 1, nodeId: "9" as never, incarnation: 1, name: "n9", regions: [], version: "0" },
  });
  await expect(second.start({} as never)).rejects.toMatchObject({ code: "ADDRESS_IN_USE", message: `the peer address ${one.address()} is in use by another process` });
  expect(cluster.nodes).toHaveLength(2);
});

test("after stop no socket, server or timer is left (S53)", async () => {
  const count = (): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const kind of process.getActiveResourcesInfo()) if (/TCP|Timeout|Immediate/.test(kind)) counts[kind] = (counts[kind] ?? 0) + 1;
    return counts;
  };
  const timersBefore = count()["Timeout"] ?? 0;
  const { one, two, cluster } = await pair();
  await Promise.all(Array.from({ length: 50 }, () => heartbeat(one, two)));
  await cluster.stop();
  await new Promise(setImmediate);
  const { Timeout: timersLeft = 0, ...left } = count();
  expect(left).toEqual({});
  // A timer of the test runner may have ended meanwhile.
  expect(timersLeft).toBeLessThanOrEqual(timersBefore);
});

const dialOptions = { clock, timeoutMs: 10_000, payloadBytesMax: limits.peerFrameBytesMax, sendQueueBytesMax: 1 << 26 };
const channelOptions = { clock, inFlightMax: 100, frameBytesMax: limits.peerFrameBytesMax, pingMs: 60_000 };

function helloOf(id: string) {
  return { role: "peer" as const, clusterId, clusterIncarnation: 1, nodeId: id as TestNode["id"], incarnation: 1, name: `n${id}`, regions: [region], expectNodeId: undefined, credentials: undefined };
}

async function openChannel(to: TestNode, id: string): Promise<CallChannel & { whenClosed: ((error: RaftctlError) => void)[] }> {
  const { socket } = await dial(parseAddress(to.address()), helloOf(id), clusterId, dialOptions);
  const whenClosed: ((error: RaftctlError) => void)[] = [];
  const channel = new CallChannel(socket, { ...channelOptions, onClose: (error) => whenClosed.forEach((call) => call(error)) });
  cleanUp.push(async () => channel.close(new RaftctlError("STOPPED", "done")));
  return Object.assign(channel, { whenClosed });
}

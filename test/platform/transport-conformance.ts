// What every Transport must do, whatever carries its messages: run unchanged over TCP, HTTP, memory and the custom transport of the
// documentation (S5).

import { afterEach, describe, expect, test } from "vitest";
import { defer } from "../../src/base/deferred.ts";
import { RaftctlError } from "../../src/base/errors.ts";
import { parseNodeId, parseRegionId } from "../../src/base/ids.ts";
import { peerMessageTypes, type PeerMessageType } from "../../src/wire/peer-protocol.ts";
import { peerRequests, peerResponses } from "../wire/samples.ts";
import { clusterId, otherClusterId, region, TransportCluster, type CreateTransport, type TestNode } from "./transport-cluster.ts";

const types = Object.keys(peerMessageTypes) as PeerMessageType[];
const soon = { timeoutMs: 5_000 };
const code = (expected: string): unknown => expect.objectContaining({ name: "RaftctlError", code: expected });

function comparable(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, part: unknown) => (isBytes(part) ? Buffer.from(bytesOf(part)).toString("hex") : part)));
}
/** JSON.stringify calls Buffer.toJSON before the replacer sees it. */
function isBytes(value: unknown): value is Uint8Array | { type: "Buffer"; data: number[] } {
  return value instanceof Uint8Array || (typeof value === "object" && value !== null && "type" in value && value.type === "Buffer");
}
function bytesOf(value: Uint8Array | { data: number[] }): Uint8Array | number[] {
  return value instanceof Uint8Array ? value : value.data;
}

export function describeTransport(name: string, create: CreateTransport): void {
  describe(`${name} as a Transport (S5)`, () => {
    let cluster = new TransportCluster(create);
    afterEach(async () => {
      await cluster.stop();
      cluster = new TransportCluster(create);
    });
    const pair = async (): Promise<[TestNode, TestNode]> => [await cluster.add("1"), await cluster.add("18446744073709551615")];
    const propose = (from: TestNode, to: TestNode, command: number, timeoutMs = 5_000): Promise<unknown> =>
      from.transport.network.forGroup(region).propose(to.id, { type: "propose", hops: 1, waitFor: "applied", timeoutMs, command: Uint8Array.of(command >> 8, command) }, { timeoutMs });

    test.each(types)("%s arrives with its sender and region, and its answer comes back (S7, S129)", async (type) => {
      const [one, two] = await pair();
      const group = parseRegionId(4_000_000_000);
      const send = one.transport.network.forGroup(group)[type] as (target: unknown, rpc: unknown, options: unknown) => Promise<unknown>;
      const response = await send(two.id, peerRequests[type], soon);
      expect(comparable(response)).toEqual(comparable(peerResponses[type]));
      expect(comparable(two.received)).toEqual(comparable([{ from: one.id, region: group, type, rpc: peerRequests[type] }]));
    });

    test("calls go both ways at the same time", async () => {
      const [one, two] = await pair();
      await Promise.all([propose(one, two, 1), propose(two, one, 2)]);
      expect([one.received.length, two.received.length]).toEqual([1, 1]);
    });

    test("1000 calls under way are answered out of order, each with its own answer (S21, S55)", async () => {
      const [one, two] = await pair();
      const waiting: { respond: () => void }[] = [];
      two.answer = (call) => {
        const { promise, resolve } = defer<unknown>();
        const { command } = call.rpc as { command: Uint8Array };
        waiting.push({ respond: () => resolve({ type: "proposeResponse", term: 1, index: command[0]! * 256 + command[1]!, result: command }) });
        if (waiting.length === 1_000) for (const { respond } of waiting.toReversed()) respond();
        return promise;
      };
      const answers = await Promise.all(Array.from({ length: 1_000 }, (_, at) => propose(one, two, at)));
      expect(answers.map((answer) => (answer as { index: number }).index)).toEqual(Array.from({ length: 1_000 }, (_, at) => at));
    });

    test("a slow answer does not hold up the others (S55)", async () => {
      const [one, two] = await pair();
      const slow = defer<unknown>();
      two.answer = async (call) => (call.type === "readIndex" ? slow.promise : peerResponses[call.type]);
      const reading = one.transport.network.forGroup(region).readIndex(two.id, { type: "readIndex", timeoutMs: 5_000 }, soon);
      for (let at = 0; at < 50; at += 1) await propose(one, two, at);
      slow.resolve(peerResponses.readIndex);
      expect(await reading).toEqual(peerResponses.readIndex);
    });

    test("what the receiver rejects with arrives with code, message, hint and details", async () => {
      const [one, two] = await pair();
      two.answer = async () => {
        throw new RaftctlError("UNKNOWN_GROUP", "region 1 is not here", { hint: "raftctl region list", details: { region: 1 } });
      };
      await expect(propose(one, two, 1)).rejects.toMatchObject({
        name: "RaftctlError", code: "UNKNOWN_GROUP", message: "region 1 is not here", hint: "raftctl region list", details: { region: 1 },
      });
    });

    test("an error without a code arrives as INTERNAL and the receiver goes on (S14)", async () => {
      const [one, two] = await pair();
      two.answer = async () => {
        throw new TypeError("x is not a function");
      };
      await expect(propose(one, two, 1)).rejects.toEqual(code("INTERNAL"));
      two.answer = async (call) => peerResponses[call.type];
      await propose(one, two, 2);
    });

    test("a call without an answer ends with TIMEOUT in its time, and its late answer harms nobody (S6)", async () => {
      const [one, two] = await pair();
      await propose(one, two, 0);
      const late = defer<unknown>();
      two.answer = () => late.promise;
      const start = performance.now();
      await expect(propose(one, two, 1, 60)).rejects.toEqual(code("TIMEOUT"));
      expect(performance.now() - start).toBeLessThan(2_000);
      late.resolve({ type: "proposeResponse", term: 9, index: 9, result: new Uint8Array(0) });
      two.answer = async () => ({ type: "proposeResponse", term: 2, index: 22, result: new Uint8Array(0) });
      expect(await propose(one, two, 2)).toMatchObject({ index: 22 });
    });

    test("a call can be given up", async () => {
      const [one, two] = await pair();
      await propose(one, two, 0);
      two.answer = () => new Promise(() => undefined);
      const controller = new AbortController();
      const call = one.transport.network.forGroup(region).readIndex(two.id, { type: "readIndex", timeoutMs: 5_000 }, { ...soon, signal: controller.signal });
      controller.abort();
      await expect(call).rejects.toEqual(code("STOPPED"));
      await expect(one.transport.network.forGroup(region).readIndex(two.id, { type: "readIndex", timeoutMs: 1 }, { ...soon, signal: controller.signal }))
        .rejects.toEqual(code("STOPPED"));
    });

    test("who has no address, or does not listen, is UNREACHABLE (S6)", async () => {
      const [one, two] = await pair();
      await two.transport.stop();
      await expect(propose(one, two, 1)).rejects.toEqual(code("UNREACHABLE"));
      cluster.addresses.delete(two.id);
      await expect(propose(one, two, 1)).rejects.toEqual(code("UNREACHABLE"));
    });

    test("payloads of megabytes arrive as they are, in both directions", async () => {
      const [one, two] = await pair();
      const entries = Uint8Array.from({ length: 3_000_000 }, (_, at) => at * 31);
      two.answer = async (call) =>
        call.type === "appendEntries" ? peerResponses.appendEntries : { type: "proposeResponse", term: 1, index: 1, result: entries };
      await one.transport.network.forGroup(region).appendEntries(two.id, { ...peerRequests.appendEntries, entries }, soon);
      const { rpc } = two.received[0] as unknown as { rpc: { entries: Uint8Array } };
      expect(Buffer.compare(rpc.entries, entries)).toBe(0);
      const answer = (await propose(one, two, 1)) as { result: Uint8Array };
      expect(Buffer.compare(answer.result, entries)).toBe(0);
    });

    test("stop fails the calls under way, and refuses the next ones (S53)", async () => {
      const [one, two] = await pair();
      await propose(one, two, 0);
      const arrived = defer<void>();
      two.answer = () => {
        arrived.resolve();
        return new Promise(() => undefined);
      };
      const call = propose(one, two, 1);
      const failure = call.catch((error: unknown) => error);
      await arrived.promise;
      await one.transport.stop();
      expect(await failure).toEqual(code("CONNECTION_LOST"));
      await expect(propose(one, two, 2)).rejects.toEqual(code("STOPPED"));
    });

    test("when the other side stops, calls under way fail, and a successor at a new address is found (S10)", async () => {
      const [one, two] = await pair();
      await propose(one, two, 0);
      const arrived = defer<void>();
      two.answer = () => {
        arrived.resolve();
        return new Promise(() => undefined);
      };
      const failure = propose(one, two, 1).catch((error: unknown) => error);
      await arrived.promise;
      await two.transport.stop();
      expect(await failure).toEqual(code("CONNECTION_LOST"));
      const successor = await cluster.add(two.id);
      await propose(one, successor, 3);
      expect(successor.received).toHaveLength(1);
    });

    test("after a change of address the next call goes to the new one, the id unchanged (S10)", async () => {
      const [one, two] = await pair();
      await propose(one, two, 1);
      const moved = await cluster.add(two.id);
      await propose(one, moved, 2);
      expect([two.received.length, moved.received.length]).toEqual([1, 1]);
      expect(two.id).toBe(moved.id);
    });

    test("a node of another cluster is refused with CLUSTER_MISMATCH and its calls reach nobody (S11, T11)", async () => {
      const one = await cluster.add("1");
      const stranger = await cluster.add("2", { clusterId: otherClusterId });
      await expect(propose(stranger, one, 1)).rejects.toEqual(code("CLUSTER_MISMATCH"));
      await expect(propose(one, stranger, 1)).rejects.toEqual(code("CLUSTER_MISMATCH"));
      expect([...one.received, ...stranger.received]).toEqual([]);
    });

    test("a node that a recovery gave up is refused with CLUSTER_RECOVERED in both directions, and a probe tells its incarnation (N3)", async () => {
      const recovered = await cluster.add("1", { clusterIncarnation: 2 });
      const dead = await cluster.add("2");
      await expect(propose(dead, recovered, 1)).rejects.toEqual(code("CLUSTER_RECOVERED"));
      await expect(propose(recovered, dead, 1)).rejects.toEqual(code("CLUSTER_RECOVERED"));
      await expect(dead.transport.callAddress(recovered.address(), region, peerRequests.admin, soon)).rejects.toEqual(code("CLUSTER_RECOVERED"));
      expect(await recovered.transport.probe(dead.address(), soon)).toMatchObject({ clusterIncarnation: 1 });
      expect([...recovered.received, ...dead.received]).toEqual([]);
    });

    test("a wrong node at an address, and oneself, is refused with PEER_IDENTITY_MISMATCH (S59)", async () => {
      const [one, two] = await pair();
      const absent = parseNodeId("3");
      cluster.addresses.set(absent, two.address());
      await expect(one.transport.network.forGroup(region).timeoutNow(absent, peerRequests.timeoutNow as never, soon)).rejects.toEqual(code("PEER_IDENTITY_MISMATCH"));
      cluster.addresses.set(absent, one.address());
      await expect(one.transport.network.forGroup(region).timeoutNow(absent, peerRequests.timeoutNow as never, soon)).rejects.toEqual(code("PEER_IDENTITY_MISMATCH"));
      await expect(one.transport.network.forGroup(region).timeoutNow(one.id, peerRequests.timeoutNow as never, soon)).rejects.toEqual(code("PEER_IDENTITY_MISMATCH"));
      expect([...one.received, ...two.received]).toEqual([]);
    });

    test("whom the directory refuses learns why (H8)", async () => {
      const [one, two] = await pair();
      cluster.refusals.set(one.id, new RaftctlError("INCARNATION_REFUSED", "node 1 was wiped"));
      await expect(propose(one, two, 1)).rejects.toEqual(code("INCARNATION_REFUSED"));
      expect(two.received).toEqual([]);
    });

    test("a probe tells who listens, and a newcomer without a cluster may ask (U9)", async () => {
      const one = await cluster.add("1", { incarnation: 4 });
      const newcomer = await cluster.add("5", { clusterId: undefined, clusterIncarnation: undefined });
      expect(await newcomer.transport.probe(one.address(), soon)).toEqual({ clusterId, clusterIncarnation: 1, nodeId: one.id, incarnation: 4, name: "n1", regions: [region] });
      expect(await one.transport.probe(newcomer.address(), soon)).toMatchObject({ clusterId: undefined, nodeId: newcomer.id });
      const answer = await newcomer.transport.callAddress(one.address(), region, peerRequests.admin, soon);
      expect(answer).toEqual(peerResponses.admin);
      expect(one.received).toMatchObject([{ from: newcomer.id, region, type: "admin" }]);
    });

    test("calls of many regions between two nodes each reach their own region (S11, S12)", async () => {
      const [one, two] = await pair();
      const groups = Array.from({ length: 100 }, (_, at) => parseRegionId(at * 1_000 + 1));
      two.answer = async (call) => ({ type: "readIndexResponse", term: 1, index: call.region });
      const answers = await Promise.all(groups.map((group) => one.transport.network.forGroup(group).readIndex(two.id, { type: "readIndex", timeoutMs: 5_000 }, soon)));
      expect(answers.map((answer) => answer.index)).toEqual(groups);
    });
  });
}

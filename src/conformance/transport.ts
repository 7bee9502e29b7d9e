// What every Transport must do, whatever carries its messages (S5): TCP, HTTP, memory and the custom transport of the documentation pass it, and whoever
// writes another one runs it over that. The door `raftctl/conformance/transport`.

import assert from "node:assert/strict";
import { equalBytes } from "../base/bytes.ts";
import { defer } from "../base/deferred.ts";
import { RaftctlError } from "../base/errors.ts";
import { parseRegionId } from "../base/ids.ts";
import { peerMessageTypes, type PeerMessageType } from "../wire/peer-protocol.ts";
import { rejectsWith, type ConformanceCase } from "./conformance-case.ts";
import { peerRequests, peerResponses } from "./peer-samples.ts";
import { callOf, comparable, never, pairOf, propose, soon } from "./transport-calls.ts";
import { TransportCluster, type CreateTransport } from "./transport-cluster.ts";
import { identityClaims } from "./transport-identity.ts";

export type { ConformanceCase } from "./conformance-case.ts";
export type { CreateTransport, TransportWithAddress } from "./transport-cluster.ts";

type Claims = Readonly<Record<string, (cluster: TransportCluster) => Promise<void>>>;

const types = Object.keys(peerMessageTypes) as PeerMessageType[];

const eachType: Claims = Object.fromEntries(types.map((type) => [`${type} arrives with its sender and region, and its answer comes back (S7, S129)`, async (cluster: TransportCluster) => {
  const [one, two] = await pairOf(cluster);
  const group = parseRegionId(4_000_000_000);
  const send = one.transport.network.forGroup(group)[type] as (target: unknown, rpc: unknown, options: unknown) => Promise<unknown>;
  assert.deepEqual(comparable(await send(two.id, peerRequests[type], soon)), comparable(peerResponses[type]));
  assert.deepEqual(comparable(two.received), comparable([{ from: one.id, region: group, type, rpc: peerRequests[type] }]));
}]));

const calls: Claims = {
  "calls go both ways at the same time": async (cluster) => {
    const [one, two] = await pairOf(cluster);
    await Promise.all([propose(one, two, 1), propose(two, one, 2)]);
    assert.deepEqual([one.received.length, two.received.length], [1, 1]);
  },

  "1000 calls under way are answered out of order, each with its own answer (S21, S55)": async (cluster) => {
    const [one, two] = await pairOf(cluster);
    const waiting: (() => void)[] = [];
    two.answer = (call) => {
      const { promise, resolve } = defer<unknown>();
      const { command } = call.rpc as { command: Uint8Array };
      waiting.push(() => resolve({ type: "proposeResponse", term: 1, index: command[0]! * 256 + command[1]!, result: command }));
      if (waiting.length === 1_000) for (const respond of waiting.toReversed()) respond();
      return promise;
    };
    const answers = await Promise.all(Array.from({ length: 1_000 }, (_, at) => propose(one, two, at)));
    assert.deepEqual(answers.map(({ index }) => index), Array.from({ length: 1_000 }, (_, at) => at));
  },

  "a slow answer does not hold up the others (S55)": async (cluster) => {
    const [one, two] = await pairOf(cluster);
    const slow = defer<unknown>();
    two.answer = async (call) => (call.type === "readIndex" ? slow.promise : peerResponses[call.type]);
    const reading = callOf(one).readIndex(two.id, { type: "readIndex", timeoutMs: 5_000 }, soon);
    for (let at = 0; at < 50; at += 1) await propose(one, two, at);
    slow.resolve(peerResponses.readIndex);
    assert.deepEqual({ ...(await reading) }, peerResponses.readIndex);
  },

  "payloads of megabytes arrive as they are, in both directions": async (cluster) => {
    const [one, two] = await pairOf(cluster);
    const entries = Uint8Array.from({ length: 3_000_000 }, (_, at) => at * 31);
    two.answer = async (call) => (call.type === "appendEntries" ? peerResponses.appendEntries : { type: "proposeResponse", term: 1, index: 1, result: entries });
    await callOf(one).appendEntries(two.id, { ...peerRequests.appendEntries, entries }, soon);
    const { rpc } = two.received[0] as unknown as { rpc: { entries: Uint8Array } };
    assert.ok(equalBytes(rpc.entries, entries), "the request's bytes arrive unchanged");
    assert.ok(equalBytes((await propose(one, two, 1)).result, entries), "the answer's bytes arrive unchanged");
  },

  "calls of many regions between two nodes each reach their own region (S11, S12)": async (cluster) => {
    const [one, two] = await pairOf(cluster);
    const groups = Array.from({ length: 100 }, (_, at) => parseRegionId(at * 1_000 + 1));
    two.answer = async (call) => ({ type: "readIndexResponse", term: 1, index: call.region });
    const answers = await Promise.all(groups.map((group) => one.transport.network.forGroup(group).readIndex(two.id, { type: "readIndex", timeoutMs: 5_000 }, soon)));
    assert.deepEqual(answers.map((answer) => answer.index), groups);
  },
};

const failures: Claims = {
  "what the receiver rejects with arrives with code, message, hint and details": async (cluster) => {
    const [one, two] = await pairOf(cluster);
    two.answer = async () => {
      throw new RaftctlError("UNKNOWN_GROUP", "region 1 is not here", { hint: "raftctl region list", details: { region: 1 } });
    };
    const error = await propose(one, two, 1).then(() => undefined, (thrown: unknown) => thrown as RaftctlError);
    assert.ok(error instanceof RaftctlError, "it rejects with a RaftctlError");
    const { code, message, hint, details } = error;
    assert.deepEqual([code, message, hint, details?.["region"]], ["UNKNOWN_GROUP", "region 1 is not here", "raftctl region list", 1]);
  },

  "an error without a code arrives as INTERNAL and the receiver goes on (S14)": async (cluster) => {
    const [one, two] = await pairOf(cluster);
    two.answer = async () => {
      throw new TypeError("x is not a function");
    };
    await rejectsWith("INTERNAL", propose(one, two, 1));
    two.answer = async (call) => peerResponses[call.type];
    await propose(one, two, 2);
  },

  "a call without an answer ends with TIMEOUT in its time, and its late answer harms nobody (S6)": async (cluster) => {
    const [one, two] = await pairOf(cluster);
    await propose(one, two, 0);
    const late = defer<unknown>();
    two.answer = () => late.promise;
    const start = performance.now();
    await rejectsWith("TIMEOUT", propose(one, two, 1, 60));
    assert.ok(performance.now() - start < 2_000, "60 ms are over long before 2 s");
    late.resolve({ type: "proposeResponse", term: 9, index: 9, result: new Uint8Array(0) });
    two.answer = async () => ({ type: "proposeResponse", term: 2, index: 22, result: new Uint8Array(0) });
    assert.equal((await propose(one, two, 2)).index, 22);
  },

  "a call can be given up": async (cluster) => {
    const [one, two] = await pairOf(cluster);
    await propose(one, two, 0);
    two.answer = never;
    const controller = new AbortController();
    const read = (timeoutMs: number) => callOf(one).readIndex(two.id, { type: "readIndex", timeoutMs }, { ...soon, signal: controller.signal });
    const call = read(5_000);
    controller.abort();
    await rejectsWith("STOPPED", call);
    await rejectsWith("STOPPED", read(1));
  },

  "who has no address, or does not listen, is UNREACHABLE (S6)": async (cluster) => {
    const [one, two] = await pairOf(cluster);
    await two.transport.stop();
    await rejectsWith("UNREACHABLE", propose(one, two, 1));
    cluster.addresses.delete(two.id);
    await rejectsWith("UNREACHABLE", propose(one, two, 1));
  },

  "stop fails the calls under way, and refuses the next ones (S53)": async (cluster) => {
    const [one, two] = await pairOf(cluster);
    await propose(one, two, 0);
    const failure = await cutShort(one, two, () => one.transport.stop());
    assert.equal(failure, "CONNECTION_LOST");
    await rejectsWith("STOPPED", propose(one, two, 2));
  },

  "when the other side stops, calls under way fail, and a successor at a new address is found (S10)": async (cluster) => {
    const [one, two] = await pairOf(cluster);
    await propose(one, two, 0);
    assert.equal(await cutShort(one, two, () => two.transport.stop()), "CONNECTION_LOST");
    const successor = await cluster.add(two.id);
    await propose(one, successor, 3);
    assert.equal(successor.received.length, 1);
  },
};

/** What a call ends with that has arrived and is not answered when this happens. */
async function cutShort(one: Parameters<typeof propose>[0], two: typeof one, happens: () => Promise<void>): Promise<string> {
  const arrived = defer<void>();
  two.answer = () => {
    arrived.resolve();
    return never();
  };
  const ended = propose(one, two, 1).then(() => "an answer", (error: unknown) => (error as RaftctlError).code);
  await arrived.promise;
  await happens();
  return ended;
}

/** Each is run with what makes a transport that is not started yet, and stops all that it has started. */
export const transportCases: readonly ConformanceCase<CreateTransport>[] = Object.entries({ ...eachType, ...calls, ...failures, ...identityClaims }).map(([name, check]) => ({
  name,
  run: async (create) => {
    const cluster = new TransportCluster(create);
    try {
      await check(cluster);
    } finally {
      await cluster.stop();
    }
  },
}));


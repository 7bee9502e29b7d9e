// A program's own state machine, on nodes in one process that share nothing but a network in memory.

import { afterEach, expect, test } from "vitest";
import { decodeEntry, emptyMembership, jsonCodec, Raft, VolatileStorage, type CallOptions } from "../../src/embedding/index.ts";
import { codeOf } from "../host/support/members.ts";
import { eventually } from "../platform/eventually.ts";
import { Counters } from "./counters.ts";

let counters: Counters;
afterEach(() => counters.stop());

test("three nodes agree on a state machine of the program's own, and any of them takes a command (S28, S113)", async () => {
  counters = await Counters.founded();
  for (const { raft } of counters.nodes) expect((await raft.client({ entry: { add: 2 } })).refused).toBeUndefined();
  const { index, term, result } = await counters.leader.raft.client({ entry: { add: 1 } });
  expect([result, term >= 1]).toEqual([7, true]);
  for (const { raft, counter } of counters.nodes) {
    await raft.waitForApplied(index);
    expect(counter.value).toBe(7);
  }
});

test("what the application refuses arrives at the proposer with its code and fields, also through another node (S37)", async () => {
  counters = await Counters.founded();
  await counters.leader.raft.client({ entry: { add: 3 } });
  for (const { raft } of [counters.leader, ...counters.followers]) {
    expect(await raft.client({ entry: { add: -5 } })).toMatchObject({ refused: { code: "TOO_LOW", value: 3, asked: -5 } });
  }
  expect((await counters.leader.raft.client({ entry: { add: 0 } })).result).toBe(3);
});

test("whoever waits for commitment only gets the place in the log and no result (S45)", async () => {
  counters = await Counters.founded(1);
  const placed = await counters.leader.raft.client({ entry: { add: 1 }, responseMode: "committed" });
  expect(Object.keys(placed).toSorted()).toEqual(["index", "term"]);
  expect(await counters.leader.raft.waitForCommit(placed.index)).toBeGreaterThanOrEqual(placed.index);
});

test("a follower that is readable holds every write that was acknowledged before (S118)", async () => {
  counters = await Counters.founded();
  const [reader] = counters.followers;
  for (let value = 1; value <= 20; value += 1) {
    await counters.leader.raft.client({ entry: { add: 1 } });
    await reader!.raft.readable();
    expect(reader!.counter.value).toBe(value);
  }
});

test("a leader that is cut off is replaced; a write on it has an unknown outcome or none; it follows again when healed", async () => {
  counters = await Counters.founded();
  await counters.leader.raft.client({ entry: { add: 1 } });
  const deposed = counters.leader;
  counters.network.cutOff(deposed.raft.id);
  const lost = codeOf(deposed.raft.client({ entry: { add: 100 }, timeoutMs: 400 }));
  await eventually(() => counters.nodes.some(({ raft }) => raft.isLeader && raft !== deposed.raft)).toBe(true);
  const { raft } = counters.nodes.find((node) => node !== deposed && node.raft.isLeader)!;
  expect((await raft.client({ entry: { add: 1 } })).result).toBe(2);
  expect(["UNKNOWN_OUTCOME", "NO_LEADER"]).toContain(await lost);
  counters.network.heal();
  await eventually(() => !deposed.raft.isLeader && deposed.counter.value === 2).toBe(true);
});

test("who calls while there is no leader yet waits for one as long as the caller likes, and no longer", async () => {
  counters = await Counters.founded();
  const [lonely] = counters.followers;
  counters.network.cutOff(lonely!.raft.id);
  const start = performance.now();
  expect(await codeOf(lonely!.raft.readable({ timeoutMs: 1_000 }))).toBe("NO_LEADER");
  expect(performance.now() - start).toBeGreaterThanOrEqual(999);
  const waiting = lonely!.raft.client({ entry: { add: 5 } }).then(({ result }) => result, (error: { code: string }) => error.code);
  await eventually(() => lonely!.raft.leader).toBe(undefined);
  counters.network.heal();
  expect(["UNKNOWN_OUTCOME", 5]).toContain(await waiting);
});

test.each([0, -1, Number.NaN, 1e9])("a time limit of %s ms is refused by its name", async (timeoutMs) => {
  counters = await Counters.founded(1);
  await expect(counters.leader.raft.client({ entry: { add: 1 }, timeoutMs })).rejects.toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringContaining(`a timeout of ${timeoutMs} ms`) as unknown });
});

test("election, forced replication and consistency work on the log in memory, which is there to be read (S103, S104, S110, S111)", async () => {
  counters = await Counters.founded();
  const { raft } = counters.leader;
  await raft.ensureConsistency();
  const { index } = await raft.client({ entry: { add: 4 } });
  expect(await raft.forceReplication()).toBeGreaterThanOrEqual(index);
  const [entry] = raft.auditTrail.entries(index, index);
  expect(decodeEntry(jsonCodec, entry!.data).entry).toEqual({ add: 4 });
});

test("a newcomer joins under an id of its own and becomes a voter, by the log or, when that was forgotten, by a snapshot (U9)", async () => {
  counters = await Counters.founded();
  for (let at = 0; at < 50; at += 1) await counters.leader.raft.client({ entry: { add: 1 } });
  await counters.leader.raft.takeSnapshot();
  const { raft, counter } = await counters.join("2", "1");
  await eventually(() => counter.value === 50 && raft.membership.voters.includes(raft.id)).toBe(true);
  expect(counters.leader.raft.membership.voters).toHaveLength(4);
  expect((await raft.client({ entry: { add: 1 } })).result).toBe(51);
});

test("a member leaves, and leadership goes where it is sent", async () => {
  counters = await Counters.founded();
  const [heir, leaver] = counters.followers;
  expect(await counters.leader.raft.transferLeadership(heir!.raft.id)).toBe(heir!.raft.id);
  await eventually(() => heir!.raft.isLeader).toBe(true);
  await heir!.raft.changeMembership({ remove: [leaver!.raft.id] });
  expect(heir!.raft.membership.voters).not.toContain(leaver!.raft.id);
});

test("a signal ends the wait: before anything was sent as CANCELLED, afterwards as UNKNOWN_OUTCOME, and a read always as CANCELLED", async () => {
  counters = await Counters.founded();
  const { raft } = counters.leader;
  expect(await codeOf(raft.client({ entry: { add: 1 }, signal: AbortSignal.abort() }))).toBe("CANCELLED");
  expect(await codeOf(raft.readable({ signal: AbortSignal.abort() }))).toBe("CANCELLED");
  counters.network.cutOff(raft.id);
  const controller = new AbortController();
  const writing = codeOf(raft.client({ entry: { add: 1 }, signal: controller.signal }));
  const reading = codeOf(raft.readable({ signal: controller.signal }));
  controller.abort();
  expect(await Promise.all([writing, reading])).toEqual(["UNKNOWN_OUTCOME", "CANCELLED"]);
});

test("each call that waits ends at a signal and within its time: what has no effect as CANCELLED or TIMEOUT, a change as UNKNOWN_OUTCOME", async () => {
  counters = await Counters.founded();
  const { raft } = counters.leader;
  const far = Number.MAX_SAFE_INTEGER;
  const [gone] = counters.followers;
  const looks: readonly ((options: CallOptions) => Promise<unknown>)[] = [
    (options) => raft.waitForCommit(far, options), (options) => raft.waitForApplied(far, options), (options) => raft.forceReplication(options), (options) => raft.ensureConsistency(options), (options) => raft.readable(options),
  ];
  const changes: readonly ((options: CallOptions) => Promise<unknown>)[] = [(options) => raft.changeMembership({ remove: [gone!.raft.id] }, options), (options) => raft.transferLeadership(gone!.raft.id, options)];
  const codes = (options: () => CallOptions): Promise<string[]> => Promise.all([...looks, ...changes].map((call) => codeOf(call(options()))));
  expect(new Set(await codes(() => ({ signal: AbortSignal.abort() })))).toEqual(new Set(["CANCELLED"]));
  expect(new Set(await codes(() => ({ timeoutMs: 0 })))).toEqual(new Set(["INVALID_ARGUMENT"]));
  await raft.ensureConsistency();
  counters.network.cutOff(raft.id);
  const controller = new AbortController();
  const waiting = codes(() => ({ signal: controller.signal }));
  controller.abort();
  expect(await waiting).toEqual([...looks.map(() => "CANCELLED"), ...changes.map(() => "UNKNOWN_OUTCOME")]);
  expect(await codeOf(raft.waitForCommit(far, { timeoutMs: 20 }))).toBe("TIMEOUT");
});

test("a change that no majority confirms has an unknown outcome when its time is over, and a forced round has none", async () => {
  counters = await Counters.founded();
  const { raft } = counters.leader;
  await raft.ensureConsistency();
  counters.network.cutOff(raft.id);
  const [gone] = counters.followers;
  const ends = [raft.forceReplication({ timeoutMs: 50 }), raft.changeMembership({ remove: [gone!.raft.id] }, { timeoutMs: 50 })];
  expect(await Promise.all(ends.map(codeOf))).toEqual(["TIMEOUT", "UNKNOWN_OUTCOME"]);
});

test("a command that the leader cannot decode, or that is too large, never enters the log", async () => {
  counters = await Counters.founded(1);
  const { raft } = counters.leader;
  const before = raft.status().lastIndex;
  expect(await codeOf(raft.client({ entry: { add: "x".repeat(2_000_000) as never } }))).toBe("TOO_LARGE");
  const other = await Raft.start({
    id: "9", founders: ["9"], network: (id) => counters.network.connect(id), codec: { encode: () => Uint8Array.of(0xff), decode: jsonCodec.decode },
    machine: { apply: () => ({ result: 1 }), snapshot: () => new Uint8Array(0), restore: () => undefined }, electionTimeoutMs: 150,
  });
  expect(await codeOf(other.client({ entry: 1 }))).toBe("BAD_REQUEST");
  await other.stop();
  expect(raft.status().lastIndex).toBe(before);
});

test("a state machine that throws stops its node before it says anything wrong, and the program learns why (S33)", async () => {
  counters = new Counters();
  const fatal: Error[] = [];
  const node = await counters.found("1", ["1"], { onFatal: (error) => fatal.push(error) });
  node.counter.apply = () => {
    throw new TypeError("no such account");
  };
  expect(await codeOf(node.raft.client({ entry: { add: 1 } }))).toMatch(/^(STOPPED|UNKNOWN_OUTCOME)$/);
  expect(fatal.map(({ message }) => message)).toEqual(["no such account"]);
  expect(await codeOf(node.raft.client({ entry: { add: 1 } }))).toBe("STOPPED");
});

test("without a network, a state machine or a way in, a node is refused before anything starts, and so is a storage in memory under an id that may come back (S30, S105)", async () => {
  counters = new Counters();
  const network = (id: string) => counters.network.connect(id);
  const machine = { apply: () => ({ result: 1 }), snapshot: () => new Uint8Array(0), restore: () => undefined };
  const wrong: [object, RegExp][] = [
    [{ id: "1", founders: ["1"], machine }, /a node needs a network/],
    [{ id: "1", founders: ["1"], network }, /either a machine, to be kept in memory, or a storage/],
    [{ id: "1", network, machine }, /either its founders or/],
    [{ id: "1", founders: ["1"], join: ["2"], network, machine }, /either its founders or/],
    [{ join: [], network, machine }, /at least one id in `join`/],
    [{ id: "1", network, storage: new VolatileStorage(machine, jsonCodec, emptyMembership) }, /a storage that survives its process/],
    [{ id: "x", founders: ["x"], network, machine }, /not a node id: "x"/],
    [{ id: "1", founders: ["2"], network, machine }, /node 1 is not among the founders 2/],
    [{ id: "1", founders: ["1", "1"], network, machine }, /a founder is named twice/],
  ];
  for (const [options, reason] of wrong) {
    await expect(Raft.start(options as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringMatching(reason) as unknown });
  }
});

test("`await using` stops a node at the end of its block", async () => {
  counters = await Counters.founded(1);
  {
    await using raft = counters.leader.raft;
    await raft.client({ entry: { add: 1 } });
  }
  expect(await codeOf(counters.nodes[0]!.raft.client({ entry: { add: 1 } }))).toBe("STOPPED");
});

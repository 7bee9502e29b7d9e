// A quota that lets the operator out again: what makes room always works, and the alarm ends by itself (PRODUCT §1 row 1).

import { expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { toRaftctlError } from "../../src/base/errors.ts";
import { ClientServer } from "../../src/daemon/client-server.ts";
import { SpaceQuota, quotaSetting } from "../../src/daemon/space-quota.ts";
import { Machine } from "../../src/machine/machine.ts";
import { MemoryStore } from "../../src/machine/memory-store.ts";
import { encodeCommand, type Command } from "../../src/wire/command.ts";
import { startCluster } from "./support/cluster.ts";
import { append, del, entryOf, put, txn } from "../machine/bytes-of.ts";

function quotaOf(bytes: number | "none"): { quota: SpaceQuota; write: (command: Command) => string } {
  const machine = new Machine({ store: new MemoryStore() });
  const quota = new SpaceQuota(machine);
  const apply = (command: Command): void => void machine.apply(entryOf(machine.lastApplied + 1, command));
  apply({ operation: "set", key: utf8(quotaSetting), value: utf8(String(bytes)) });
  const write = (command: Command): string => {
    const refusal = quota.admit(encodeCommand(command));
    if (refusal !== undefined) return refusal.code;
    apply(command);
    return "ok";
  };
  return { quota, write };
}

const large = "x".repeat(1_000);

test("up to the quota everything comes in, with a warning from 80% on; beyond it what adds data is refused, with the way out", () => {
  const { quota, write } = quotaOf(10_000);
  for (let number = 0; number < 7; number += 1) expect(write(put(`k${number}`, large))).toBe("ok");
  expect(quota.report().state).toBe("ok");
  expect(write(put("k7", large))).toBe("ok");
  expect(quota.report().state).toBe("warning");
  expect(write(put("k8", large))).toBe("ok");
  expect(write(put("k9", large))).toBe("NO_SPACE");
  expect(write(append("s", large))).toBe("NO_SPACE");
  expect(quota.report().state).toBe("full");
  const refusal = quota.admit(encodeCommand(put("k9", large)));
  expect(refusal?.hint).toMatch(/raftctl del .* raftctl quota set 20000/);
});

test("also far beyond the quota, when it was set below what is there, deletes and overwriting by something no larger work", () => {
  const { write } = quotaOf(10_000);
  for (let number = 0; number < 9; number += 1) write(put(`k${number}`, large));
  expect(write({ operation: "set", key: utf8(quotaSetting), value: utf8("100") })).toBe("ok");
  expect(write(put("k9", ""))).toBe("NO_SPACE");
  expect(write(put("k0", large))).toBe("ok");
  expect(write(put("k0", `${large}${large}`))).toBe("NO_SPACE");
  expect(write(put("k0", "small"))).toBe("ok");
  expect(write(del("k1"))).toBe("ok");
  expect(write({ operation: "deleteRange", start: utf8("k2"), end: undefined })).toBe("ok");
});

test("of a transaction the side counts that would add more; one that only compares, reads and deletes is never refused", () => {
  const { write } = quotaOf(10_000);
  for (let number = 0; number < 9; number += 1) write(put(`k${number}`, large));
  expect(write(txn({ then: [put("k9", large)] }))).toBe("NO_SPACE");
  expect(write(txn({ then: [put("k0", "")], else: [put("k9", large)] }))).toBe("NO_SPACE");
  expect(write(txn({ then: [put("k0", large), put("k1", large)], else: [put("k2", "")] }))).toBe("ok");
  expect(write({ operation: "set", key: utf8(quotaSetting), value: utf8("100") })).toBe("ok");
  const range = { operation: "range", start: utf8("k"), end: undefined, limit: 100, keysOnly: true } as const;
  expect(write(txn({ compare: [{ key: utf8("k0"), target: "value", relation: "equal", value: utf8(large) }], then: [range, del("k0"), { operation: "deleteRange", start: utf8("k1"), end: undefined }] }))).toBe("ok");
});

test("the alarm ends by itself at the low-water mark and not before, and comes again with the next refusal", () => {
  const { quota, write } = quotaOf(10_000);
  for (let number = 0; number < 9; number += 1) write(put(`k${number}`, large));
  write(put("k9", large));
  write(put("k0", "x".repeat(800)));
  expect([quota.report().usedBytes > 9_000, quota.report().state]).toEqual([true, "full"]);
  write(del("k0"));
  expect(quota.report().state).toBe("warning");
  write(put("k0", large));
  expect(quota.report().state).toBe("warning");
  write(put("k9", large));
  expect(quota.report().state).toBe("full");
});

test("without a quota nothing is refused", () => {
  const { quota, write } = quotaOf("none");
  expect(write(put("k", large))).toBe("ok");
  expect(quota.report()).toMatchObject({ quotaBytes: null, state: "ok" });
});

test("set through any node, it holds for the cluster: exit 14 on every node, alarms in the status, and gone after a delete", { timeout: 20_000 }, async () => {
  await using fixture = await startCluster(3);
  const follower = fixture.client(fixture.followers()[0]!);
  const rehearsed = await follower.admin.call("quotaSet", { bytes: 1, dryRun: true });
  expect([rehearsed.applied, (await follower.admin.call("quota", {})).quotaBytes]).toEqual([false, null]);
  const set = await follower.admin.call("quotaSet", { bytes: 20_000, dryRun: false });
  expect(set).toMatchObject({ applied: true, quotaBytes: 20_000, state: "ok" });
  for (let number = 0; number < 18; number += 1) await follower.kv.put(`k${number}`, large);
  const refused = await follower.kv.put("k99", `${large}${large}`).then(() => undefined, toRaftctlError);
  expect([refused?.code, refused?.details]).toEqual(["NO_SPACE", expect.objectContaining({ quotaBytes: 20_000 })]);
  const leader = fixture.client(fixture.leader());
  expect((await leader.admin.call("status", {})).regions[0]!.alarms).toEqual(["QUOTA"]);
  expect(await follower.admin.call("alarmClear", {})).toEqual({ cleared: ["QUOTA"] });
  expect((await leader.admin.call("status", {})).regions[0]!.alarms).toEqual(["QUOTA_WARNING"]);
  await follower.kv.deletePrefix("k1");
  expect((await leader.admin.call("status", {})).regions[0]!.alarms).toEqual([]);
  expect(await follower.admin.call("quotaSet", { bytes: null, dryRun: false })).toMatchObject({ quotaBytes: null, state: "ok" });
});

test("a key that is attached to a lease counts with all that it brings: not a byte comes in above the quota", () => {
  for (let quotaBytes = 300; quotaBytes <= 420; quotaBytes += 1) {
    const machine = new Machine({ store: new MemoryStore() });
    const quota = new SpaceQuota(machine);
    const apply = (command: Command): void => void machine.apply(entryOf(machine.lastApplied + 1, command));
    apply({ operation: "set", key: utf8(quotaSetting), value: utf8(String(quotaBytes)) });
    apply({ operation: "leaseGrant", lease: 1n, ttlMs: 1 });
    const command = put("a-key-of-some-length".repeat(5), "v", { lease: 1n });
    const isAdmitted = quota.admit(encodeCommand(command)) === undefined;
    apply(command);
    expect([quotaBytes, isAdmitted]).toEqual([quotaBytes, machine.dataBytes <= quotaBytes]);
  }
});

test("a client cannot write a setting past the verbs that check it", { timeout: 20_000 }, async () => {
  await using fixture = await startCluster(1);
  const node = fixture.leader();
  const server = new ClientServer("n1", () => ({ hosted: node.region, machine: undefined as never, watches: undefined as never, views: undefined as never }), undefined as never);
  const command = encodeCommand({ operation: "set", key: utf8(quotaSetting), value: utf8("nonsense") });
  expect(() => server.onRequest({ operation: "propose", region: 1 as never, waitFor: "applied", timeoutMs: 1_000, command }, {})).toThrow("a setting of the cluster is not written directly");
});

test("what is no transaction does not get into the log (T25)", { timeout: 20_000 }, async () => {
  await using fixture = await startCluster(1);
  const { region } = fixture.leader();
  const server = new ClientServer("n1", () => ({ hosted: region, machine: undefined as never, watches: undefined as never, views: undefined as never }), undefined as never);
  const before = region.raft.core.lastIndex;
  const propose = (body: Uint8Array): unknown => server.onRequest({ operation: "propose", region: 1 as never, waitFor: "applied", timeoutMs: 1_000, command: encodeCommand({ operation: "txn", body }) }, {});
  expect(() => propose(utf8("nonsense"))).toThrow("malformed transaction");
  expect(region.raft.core.lastIndex).toBe(before);
});

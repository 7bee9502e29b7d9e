// Leases in the state machine: what is attached to one ends with it, in one step, and all of it is in digest, size and image.

import { describe, expect, test } from "vitest";
import { concatBytes, utf8 } from "../../src/base/bytes.ts";
import { crc32 } from "../../src/base/crc.ts";
import { encodeImage } from "../../src/machine/image.ts";
import { attachmentKey, leaseKey, prefixes } from "../../src/machine/keyspace.ts";
import { Digest } from "../../src/machine/digest.ts";
import { LeaseCheck } from "../../src/machine/lease-check.ts";
import { checkLeaseRow, keysPerLeaseMax, leasesMax } from "../../src/machine/leases.ts";
import { Machine, type MachineOptions } from "../../src/machine/machine.ts";
import { MemoryStore } from "../../src/machine/memory-store.ts";
import { decodePosition, encodePosition } from "../../src/machine/position.ts";
import type { KeyValue } from "../../src/machine/store.ts";
import type { Command } from "../../src/wire/command.ts";
import type { CommandResult } from "../../src/wire/command-result.ts";
import { asyncOf, del, entryOf, put, resultOf, stateOf, sharedRowsOf, text } from "./bytes-of.ts";

interface Bench {
  readonly machine: Machine;
  readonly store: MemoryStore;
  readonly run: (...commands: Command[]) => CommandResult;
  readonly keys: () => (string | undefined)[];
}

function bench(options: Partial<MachineOptions> = {}): Bench {
  const store = new MemoryStore();
  const machine = new Machine({ store, ...options });
  const run = (...commands: Command[]): CommandResult => commands.map((command) => resultOf(machine.apply(entryOf(machine.lastApplied + 1, command)))).at(-1)!;
  return { machine, store, run, keys: () => machine.range({ start: undefined, end: undefined, limit: 100, keysOnly: true, countOnly: false }).records.map(({ key }) => text(key)) };
}

const grant = (lease: bigint, ttlMs = 10_000): Command => ({ operation: "leaseGrant", lease, ttlMs });
const revoke = (lease: bigint, expiredGrant?: number): Command => ({ operation: "leaseRevoke", lease, expiredGrant });
const leased = (key: string, lease: bigint, value = "v"): Command => put(key, value, { lease });

async function restored(machine: Machine): Promise<{ machine: Machine; store: MemoryStore }> {
  const store = new MemoryStore();
  const other = new Machine({ store });
  const image = machine.image();
  const bytes = concatBytes([...image.chunks()]);
  image.close();
  await other.restore({ index: image.index, term: image.term }, asyncOf([bytes]));
  return { machine: other, store };
}

describe("a lease", () => {
  test("ends with all keys that are attached to it, in one step, and nothing else", () => {
    const { machine, run, keys } = bench();
    run(grant(7n), grant(8n), leased("a", 7n), leased("b", 8n), leased("c", 7n), put("d", "1"));
    expect([...machine.leases.all()]).toEqual([{ id: 7n, ttlMs: 10_000, grantIndex: 1, keys: 2 }, { id: 8n, ttlMs: 10_000, grantIndex: 2, keys: 1 }]);
    expect(machine.keysOfLease(7n, 9).map(text)).toEqual(["a", "c"]);
    expect(run(revoke(7n))).toMatchObject({ status: "ok", deleted: 2 });
    expect(keys()).toEqual(["b", "d"]);
    expect([machine.leases.count, machine.leases.get(7n), machine.recordCount]).toEqual([1, undefined, 2]);
    expect(run(revoke(7n))).toMatchObject({ status: "leaseNotFound", deleted: 0 });
  });

  test("that does not exist takes no key, and nothing changes", () => {
    const { machine, run, keys } = bench();
    run(grant(7n), leased("a", 7n));
    const digest = machine.dataBytes;
    expect(run(leased("a", 9n, "other"))).toMatchObject({ status: "leaseNotFound", version: 0 });
    expect(run(leased("new", 9n))).toMatchObject({ status: "leaseNotFound" });
    expect([keys(), text(machine.get(utf8("a"))?.value), machine.dataBytes]).toEqual([["a"], "v", digest]);
  });

  test("has each key until its next write: a put without it, or with another one, detaches, and so do a delete and a range", () => {
    const { machine, run, keys } = bench();
    run(grant(1n), grant(2n), ...["a", "b", "c", "d", "e"].map((key) => leased(key, 1n)));
    run(put("a", "free"), leased("b", 2n), del("c"), { operation: "deleteRange", start: utf8("d"), end: utf8("e") });
    expect([machine.leases.get(1n)?.keys, machine.leases.get(2n)?.keys]).toEqual([1, 1]);
    run(revoke(1n));
    expect(keys()).toEqual(["a", "b"]);
    run(revoke(2n));
    expect(keys()).toEqual(["a"]);
  });

  test("counts a key once, however often it is written, and a write that is refused changes nothing", () => {
    const { machine, run } = bench();
    run(grant(1n), leased("a", 1n), leased("a", 1n, "2"), put("a", "3", { lease: 1n, condition: { kind: "absent" } }), put("a", "3", { condition: { kind: "absent" } }), del("a", { condition: { kind: "absent" } }));
    expect([machine.leases.get(1n)?.keys, machine.get(utf8("a"))]).toEqual([1, expect.objectContaining({ version: 2, createIndex: 2, modIndex: 3 })]);
  });

  test("is granted anew by a grant with the same ttl and keeps its keys; another ttl is a conflict", () => {
    const { machine, run } = bench();
    run(grant(1n), leased("a", 1n));
    expect(run(grant(1n))).toMatchObject({ status: "ok", index: 3 });
    expect(machine.leases.get(1n)).toEqual({ id: 1n, ttlMs: 10_000, grantIndex: 3, keys: 1 });
    expect(run(grant(1n, 9_000))).toMatchObject({ status: "conflict" });
    expect(machine.leases.get(1n)?.grantIndex).toBe(3);
  });

  test("is not ended by an expiry that means an earlier grant, however late it comes", () => {
    const { run, keys } = bench();
    run(grant(1n), leased("a", 1n), grant(1n));
    expect(run(revoke(1n, 1))).toMatchObject({ status: "leaseNotFound", deleted: 0 });
    run(revoke(1n), grant(1n), leased("a", 1n));
    expect(run(revoke(1n, 3))).toMatchObject({ status: "leaseNotFound" });
    expect(keys()).toEqual(["a"]);
    expect(run(revoke(1n, 6))).toMatchObject({ status: "ok", deleted: 1 });
    expect(keys()).toEqual([]);
  });

  test("of the highest id has its own keys and no others", () => {
    const { run, keys, machine } = bench();
    const [highest, before] = [2n ** 64n - 1n, 2n ** 64n - 2n];
    run(grant(highest), grant(before), leased("a", highest), leased("b", before));
    expect(machine.leasePage(before, 9).map(({ id }) => id)).toEqual([before, highest]);
    run(revoke(before));
    expect(keys()).toEqual(["a"]);
    run(revoke(highest));
    expect(keys()).toEqual([]);
  });

  test("has no more keys than end in one step: one more is refused, one that it has already is not", () => {
    const { machine, run } = bench();
    run(grant(1n), grant(2n));
    machine.applyBatch(Array.from({ length: keysPerLeaseMax }, (_, number) => entryOf(number + 3, leased(`k${number}`, 1n, ""))));
    expect(run(leased("one more", 1n))).toMatchObject({ status: "tooMany" });
    expect(run(leased("k7", 1n, "again"))).toMatchObject({ status: "ok", version: 2 });
    expect(run(leased("one more", 2n))).toMatchObject({ status: "ok" });
    expect(run(revoke(1n))).toMatchObject({ status: "ok", deleted: keysPerLeaseMax });
    expect(machine.recordCount).toBe(1);
  });

  test("is refused when there are all the leases that there may be, and one that exists is granted anew", () => {
    const { machine, run } = bench();
    machine.applyBatch(Array.from({ length: leasesMax }, (_, number) => entryOf(number + 1, grant(BigInt(number + 1)))));
    expect(run(grant(BigInt(leasesMax + 1)))).toMatchObject({ status: "tooMany" });
    expect(run(grant(1n))).toMatchObject({ status: "ok" });
    run(revoke(5n));
    expect(run(grant(BigInt(leasesMax + 1)))).toMatchObject({ status: "ok" });
  });
});

describe("what leases leave behind", () => {
  test("is nothing: rows, size and records are as they were before (H38)", () => {
    const { machine, store, run } = bench();
    run(put("z", "1"));
    const before = [machine.dataBytes, machine.recordCount];
    const rows = (): unknown => stateOf(store).filter(([key]) => !key.startsWith("00"));
    const content = rows();
    run(grant(1n), leased("a", 1n), leased("b", 1n), leased("a", 1n, "a longer value"), put("b", "free"), del("b"), grant(1n), revoke(1n));
    expect([machine.dataBytes, machine.recordCount]).toEqual(before);
    expect(rows()).toEqual(content);
  });

  test("is in an image, with its digest and size, and ends there as it does here (H36)", async () => {
    const { machine, store, run } = bench();
    run(grant(1n), grant(2n, 5), leased("a", 1n), leased("b", 1n), put("c", "1"), leased("d", 2n));
    const other = await restored(machine);
    expect(stateOf(other.store)).toEqual(stateOf(store));
    expect([other.machine.digest(), other.machine.dataBytes, [...other.machine.leases.all()]]).toEqual([machine.digest(), machine.dataBytes, [...machine.leases.all()]]);
    const entry = entryOf(machine.lastApplied + 1, revoke(1n));
    expect(other.machine.apply(entry)).toEqual(machine.apply(entry));
    expect([other.machine.digest(), other.machine.recordCount]).toEqual([machine.digest(), 2]);
  });

  test("survives a restart of the machine, and a batch that fails as a whole (H39)", () => {
    const { machine, store, run } = bench();
    run(grant(1n), leased("a", 1n));
    const again = new Machine({ store });
    expect([...again.leases.all()]).toEqual([...machine.leases.all()]);
    const told: (readonly bigint[])[] = [];
    machine.leases.onChange = (leases) => told.push(leases);
    expect(() => machine.applyBatch([entryOf(3, grant(2n)), entryOf(4, revoke(1n)), { index: 5, term: 1, type: 9, data: new Uint8Array(0) }])).toThrow("unknown here");
    expect([machine.leases.count, machine.leases.get(1n)?.keys, told]).toEqual([1, 1, []]);
    machine.applyBatch([entryOf(3, grant(2n)), entryOf(4, revoke(1n)), entryOf(5, put("b", "1"))]);
    machine.apply(entryOf(6, put("c", "1")));
    expect(told).toEqual([[2n, 1n]]);
  });
});

describe("an image", () => {
  /** With the rows changed, and everything else right. */
  async function restoredWith(change: (rows: KeyValue[]) => KeyValue[]): Promise<unknown> {
    const { machine, store, run } = bench();
    run(grant(1n), grant(2n), leased("a", 1n), leased("b", 2n));
    const rows = change(sharedRowsOf(store));
    const bytes = concatBytes([...encodeImage(rows, crc32)]);
    return new Machine({ store: new MemoryStore() }).restore({ index: machine.lastApplied, term: 1 }, asyncOf([bytes])).then(() => "restored", (error: { code: string; message: string }) => `${error.code} ${error.message}`);
  }

  test("whose rows of leases are damaged or of an impossible shape is refused", async () => {
    expect(await restoredWith((rows) => rows)).toBe("restored");
    for (const prefix of [prefixes.lease, prefixes.attachment]) {
      expect(await restoredWith((rows) => rows.map((row) => (row.key[0] === prefix ? { ...row, value: row.value.map((byte) => byte ^ 1) } : row)))).toContain("CORRUPT");
      expect(await restoredWith((rows) => rows.map((row) => (row.key[0] === prefix ? { ...row, value: new Uint8Array(3) } : row)))).toContain("CORRUPT");
    }
    expect(await restoredWith((rows) => rows.filter(({ key }) => key[0] !== prefixes.attachment))).toContain("do not fit");
    expect(await restoredWith((rows) => rows.map((row) => (row.key[0] === prefixes.lease ? { ...row, key: leaseKey(9n + BigInt(row.key[8]!)) } : row)))).toContain("CORRUPT");
  });

  test("whose digest fits and whose keys and leases do not fit each other is refused: a revoke would not find what it is to delete", async () => {
    const check = (...rows: (readonly ["lease" | "attached" | "record", bigint])[]): boolean => {
      const leaseCheck = new LeaseCheck();
      for (const [kind, lease] of rows) {
        if (kind === "record") leaseCheck.record(lease);
        else if (kind === "attached") leaseCheck.row({ key: attachmentKey(lease, utf8("a")), value: new Uint8Array(4) });
        else leaseCheck.row({ key: leaseKey(lease), value: Uint8Array.of(0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0) });
      }
      return leaseCheck.fits;
    };
    expect(check(["record", 1n], ["lease", 1n], ["attached", 1n])).toBe(true);
    expect(check()).toBe(true);
    expect(check(["lease", 1n], ["attached", 1n])).toBe(false);
    expect(check(["record", 1n], ["lease", 1n])).toBe(false);
    expect(check(["record", 1n], ["lease", 2n], ["attached", 2n])).toBe(false);
    expect(check(["record", 1n], ["attached", 1n])).toBe(false);
    const { machine, store, run } = bench();
    run(grant(1n), grant(2n), leased("a", 1n));
    // The row of lease 2 in the place of the attached key: as many bytes and records, and a sum that is made to fit.
    const rows = sharedRowsOf(store).filter(({ key }) => key[0] !== prefixes.attachment);
    const position = decodePosition(rows[0]!.value, crc32);
    const digest = new Digest(position.digest);
    const gone = { key: attachmentKey(1n, utf8("a")), value: store.get(attachmentKey(1n, utf8("a")))! };
    digest.removeRecord(checkLeaseRow(gone, crc32));
    rows[0] = { key: rows[0]!.key, value: encodePosition({ ...position, digest: digest.state, bytes: position.bytes - gone.key.length - gone.value.length }, crc32) };
    const bytes = concatBytes([...encodeImage(rows, crc32)]);
    await expect(new Machine({ store: new MemoryStore() }).restore({ index: machine.lastApplied, term: 1 }, asyncOf([bytes]))).rejects.toThrow("keys that do not fit its leases");
  });
});

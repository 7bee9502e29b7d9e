import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { utf8 } from "../../src/base/bytes.ts";
import { RaftctlError } from "../../src/base/errors.ts";
import { Prng } from "../../src/base/prng.ts";
import { Machine, type MachineOptions } from "../../src/machine/machine.ts";
import { MemoryStore } from "../../src/machine/memory-store.ts";
import type { StoreTransaction } from "../../src/machine/store.ts";
import type { AppliedEntry } from "../../src/machine/state-machine.ts";
import { type Command, commandFault, encodeCommand } from "../../src/wire/command.ts";
import { stateOf, del, entryOf, hex, noopOf, put, resultOf, text } from "./bytes-of.ts";

function machineOf(options: Partial<MachineOptions> = {}): { machine: Machine; store: MemoryStore; run: (command: Command) => ReturnType<typeof resultOf> } {
  const store = new MemoryStore();
  const machine = new Machine({ store, ...options });
  return { machine, store, run: (command) => resultOf(machine.apply(entryOf(machine.lastApplied + 1, command))) };
}

describe("put", () => {
  test("creates at version 1 and counts up; createIndex stays, modIndex moves", () => {
    const { machine, run } = machineOf();
    expect(run(put("a", "1"))).toMatchObject({ status: "ok", version: 1, index: 1, previous: undefined });
    expect(run(put("b", "x"))).toMatchObject({ version: 1, index: 2 });
    expect(run(put("a", "2"))).toMatchObject({ status: "ok", version: 2, index: 3 });
    expect(machine.get(utf8("a"))).toEqual({ key: utf8("a"), value: utf8("2"), version: 2, createIndex: 1, modIndex: 3 });
    expect(machine.get(utf8("absent"))).toBeUndefined();
    expect(machine.get(new Uint8Array(0))).toBeUndefined();
    expect(machine.recordCount).toBe(2);
  });

  test("after a delete begins again at version 1 with a new createIndex", () => {
    const { machine, run } = machineOf();
    run(put("a", "1"));
    run(put("a", "2"));
    expect(run(del("a"))).toMatchObject({ status: "ok", version: 2, deleted: 1 });
    expect(machine.recordCount).toBe(0);
    run(put("a", "3"));
    expect(machine.get(utf8("a"))).toMatchObject({ version: 1, createIndex: 4, modIndex: 4 });
  });

  test("answers with the record before it, when that was asked for", () => {
    const { run } = machineOf();
    expect(run(put("a", "1", { wantPrevious: true })).previous).toBeUndefined();
    expect(run(put("a", "2", { wantPrevious: true })).previous).toEqual({ value: utf8("1"), version: 1, createIndex: 1, modIndex: 1 });
    expect(run(put("a", "3")).previous).toBeUndefined();
    expect(run(del("a", { wantPrevious: true })).previous).toEqual({ value: utf8("3"), version: 3, createIndex: 1, modIndex: 3 });
  });
});

describe("a condition", () => {
  const current: Record<string, Partial<Omit<Command & { operation: "put" }, "operation">>> = {
    "absent": { condition: { kind: "absent" } },
    "version 0": { condition: { kind: "version", version: 0 } },
    "version 1": { condition: { kind: "version", version: 1 } },
    "version 2": { condition: { kind: "version", version: 2 } },
    "its value": { condition: { kind: "value", value: utf8("1") } },
    "another value": { condition: { kind: "value", value: utf8("11") } },
    "an empty value": { condition: { kind: "value", value: utf8("") } },
  };
  const holding = { whenThere: ["version 1", "its value"], whenAbsent: ["absent", "version 0"] };

  for (const [name, extra] of Object.entries(current)) {
    test(`that wants ${name} holds exactly when it should, for put and for delete; otherwise nothing changes`, () => {
      for (const isThere of [true, false]) {
        for (const make of [() => put("a", "2", extra), () => del("a", extra)]) {
          const { machine, run } = machineOf();
          if (isThere) run(put("a", "1"));
          const before = machine.get(utf8("a"));
          const result = run(make());
          const shouldHold = (isThere ? holding.whenThere : holding.whenAbsent).includes(name);
          expect([name, isThere, result.status]).toEqual([name, isThere, shouldHold ? "ok" : "conflict"]);
          if (shouldHold) continue;
          expect(result.version).toBe(isThere ? 1 : 0);
          expect(machine.get(utf8("a"))).toEqual(before);
        }
      }
    });
  }

  test("that does not hold tells the record that is there, when asked", () => {
    const { run } = machineOf();
    run(put("a", "1"));
    const result = run(put("a", "2", { condition: { kind: "absent" }, wantPrevious: true }));
    expect(result).toMatchObject({ status: "conflict", version: 1, previous: { value: utf8("1"), modIndex: 1 } });
  });
});

describe("deleteRange", () => {
  const range = (start: string, end: string | undefined): Command => ({
    operation: "deleteRange", start: utf8(start), end: end === undefined ? undefined : utf8(end),
  });

  test("deletes what lies in the range, in one step, and says how many", () => {
    const { machine, run } = machineOf();
    for (const key of ["a", "b1", "b2", "b3", "c"]) run(put(key, key));
    expect(run(range("b", "c"))).toMatchObject({ status: "ok", deleted: 3 });
    expect(machine.range({ start: undefined, end: undefined, limit: 9, keysOnly: true, countOnly: false }).records.map(({ key }) => text(key))).toEqual(["a", "c"]);
    expect(run(range("x", undefined))).toMatchObject({ status: "ok", deleted: 0 });
    expect(run(range("c", "a"))).toMatchObject({ status: "ok", deleted: 0 });
    expect(run(range("", ""))).toMatchObject({ status: "ok", deleted: 0 });
    expect(run(range("", undefined))).toMatchObject({ status: "ok", deleted: 2 });
    expect(machine.recordCount).toBe(0);
  });

  test("never touches what is not a user's key", () => {
    const { machine, store, run } = machineOf();
    run(put("a", "1", { session: { id: 7n, sequence: 1 } }));
    run({ operation: "deleteRange", start: new Uint8Array(0), end: undefined, session: { id: 7n, sequence: 2 } });
    expect(new Machine({ store }).sessionCount).toBe(1);
    expect(machine.lastApplied).toBe(2);
  });

  test("of more keys than one command may delete changes nothing and says so: work per entry is bounded (T26)", () => {
    const { machine, run } = machineOf();
    const many = Array.from({ length: 100_001 }, (_, index) => entryOf(index + 1, put(`k${index}`, "")));
    machine.applyBatch(many);
    expect(run(range("k", undefined))).toMatchObject({ status: "tooMany", deleted: 0 });
    expect(machine.recordCount).toBe(100_001);
    run(del("k7"));
    expect(run(range("k", undefined))).toMatchObject({ status: "ok", deleted: 100_000 });
    expect(machine.recordCount).toBe(0);
  });
});

describe("a range read", () => {
  const all = { start: undefined, end: undefined, limit: 100, keysOnly: false, countOnly: false };

  test("gives pages in the order of keys and says whether there is more", () => {
    const { machine, run } = machineOf();
    for (const key of ["a", "b", "c", "d"]) run(put(key, `value of ${key}`));
    const page = machine.range({ ...all, limit: 2 });
    expect([page.records.map(({ key, value }) => [text(key), text(value)]), page.count, page.more]).toEqual([[["a", "value of a"], ["b", "value of b"]], 2, true]);
    expect(machine.range({ ...all, start: utf8("c"), limit: 2 })).toMatchObject({ count: 2, more: false });
    expect(machine.range({ ...all, start: utf8("b"), end: utf8("d"), countOnly: true, limit: 1 })).toEqual({ records: [], count: 2, more: false });
    expect(machine.range({ ...all, keysOnly: true }).records[0]).toEqual({ key: utf8("a"), value: new Uint8Array(0), version: 1, createIndex: 1, modIndex: 1 });
    expect(machine.range({ ...all, limit: 0 })).toEqual({ records: [], count: 0, more: true });
  });

  test("is bounded in bytes, but always gets on by one record (T26)", () => {
    const { machine } = machineOf();
    const value = "x".repeat(500_000);
    machine.applyBatch(["a", "b", "c"].map((key, index) => entryOf(index + 1, put(key, value))));
    expect(machine.range(all)).toMatchObject({ count: 2, more: true });
    expect(machine.range({ ...all, start: utf8("c") })).toMatchObject({ count: 1, more: false });
    expect(machine.range({ ...all, keysOnly: true })).toMatchObject({ count: 3, more: false });
  });
});

test("keys named like parts of JavaScript are keys like any other (T4)", () => {
  const { machine, run } = machineOf();
  const odd = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "\0", "\u{10ffff}", "a\nb"];
  for (const key of odd) expect(machine.get(utf8(key))).toBeUndefined();
  for (const key of odd) run(put(key, `value of ${key}`, { session: { id: 1n, sequence: machine.lastApplied + 1 } }));
  for (const key of odd) expect(text(machine.get(utf8(key))?.value)).toBe(`value of ${key}`);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  for (const key of odd) expect(run(del(key)).deleted).toBe(1);
});

describe("applying", () => {
  test("takes entries in order, once each: what is at or below lastApplied is skipped (S42, S108)", () => {
    const { machine } = machineOf();
    const entries = [entryOf(1, put("a", "1")), noopOf(2), entryOf(3, put("a", "2"), 2)];
    expect(machine.applyBatch(entries).map((result) => result !== undefined)).toEqual([true, false, true]);
    expect([machine.lastApplied, machine.lastAppliedTerm]).toEqual([3, 2]);
    const digest = machine.digest();
    expect(machine.applyBatch(entries)).toEqual([undefined, undefined, undefined]);
    expect(machine.digest()).toBe(digest);
    const overlapping = machine.applyBatch([...entries.slice(1), entryOf(4, put("a", "3"), 2)]);
    expect(overlapping.map((result) => result !== undefined)).toEqual([false, false, true]);
    expect(machine.get(utf8("a"))).toMatchObject({ version: 3 });
    expect(machine.applyBatch([])).toEqual([]);
  });

  test("never skips an entry: a gap is our bug, also inside a batch, and leaves nothing behind", () => {
    const { machine, store } = machineOf();
    machine.apply(entryOf(1, put("a", "1")));
    const before = stateOf(store);
    expect(() => machine.apply(entryOf(3, put("a", "2")))).toThrow("without a gap");
    expect(() => machine.applyBatch([entryOf(2, put("a", "2")), entryOf(4, put("a", "3"))])).toThrow("without a gap");
    expect(() => machine.applyBatch([entryOf(2, put("a", "2"), 5), entryOf(3, put("a", "3"), 4)])).toThrow("terms never descend");
    expect(stateOf(store)).toEqual(before);
    expect(machine.lastApplied).toBe(1);
    expect(resultOf(machine.apply(entryOf(2, put("a", "2"))))).toMatchObject({ version: 2 });
  });

  test("no-ops and memberships move lastApplied and nothing else", () => {
    const { machine } = machineOf();
    expect(machine.apply(noopOf(1))).toBeUndefined();
    expect(machine.apply({ index: 2, term: 1, type: 2, data: utf8("membership") })).toBeUndefined();
    expect([machine.lastApplied, machine.recordCount]).toEqual([2, 0]);
  });

  test("tells once per batch that it has taken effect, not per entry and not when nothing was applied (S116)", () => {
    const batches: unknown[] = [];
    const { machine } = machineOf({ onApplied: ({ first, last }) => batches.push({ first, last, applied: machine.lastApplied }) });
    const entries = [1, 2, 3, 4].map((index) => entryOf(index, put("a", String(index))));
    machine.applyBatch(entries.slice(0, 3));
    machine.applyBatch(entries.slice(0, 2));
    machine.applyBatch(entries);
    expect(batches).toEqual([{ first: 1, last: 3, applied: 3 }, { first: 4, last: 4, applied: 4 }]);
  });

  test("goes on after a restart where it stopped, however the entries were batched (S42, H39)", () => {
    const entries = Array.from({ length: 60 }, (_, index) => entryOf(index + 1, put(`k${index % 7}`, String(index), { session: { id: BigInt(1 + (index % 3)), sequence: 1 + Math.floor(index / 3) } })));
    const reference = machineOf();
    reference.machine.applyBatch(entries);
    for (const step of [1, 7, 25]) {
      const store = new MemoryStore();
      for (let start = 0; start < entries.length; start += step) {
        const machine = new Machine({ store });
        expect(machine.lastApplied).toBe(start);
        // What was applied already is handed in again, as after a crash.
        machine.applyBatch(entries.slice(Math.max(0, start - 5), start + step));
      }
      expect(stateOf(store)).toEqual(stateOf(reference.store));
      expect(new Machine({ store }).digest()).toBe(reference.machine.digest());
    }
  });

  test("stops at a command or an entry type of a newer version and applies nothing of the batch, never skips (T25)", () => {
    const newer = encodeCommand(put("b", "2"));
    newer[1] = 200;
    for (const strange of [{ index: 2, term: 1, type: 1, data: newer }, { index: 2, term: 1, type: 9, data: new Uint8Array(0) }]) {
      const { machine } = machineOf();
      const batch = [entryOf(1, put("a", "1", { session: { id: 3n, sequence: 1 } })), strange];
      for (let attempt = 0; attempt < 2; attempt += 1) {
        expect(() => machine.applyBatch(batch)).toThrow(expect.toSatisfy((error) => error instanceof RaftctlError && error.code === "INCOMPATIBLE"));
        expect([machine.lastApplied, machine.recordCount, machine.sessionCount, machine.digest()]).toEqual([0, 0, 0, "0".repeat(32)]);
      }
      machine.applyBatch(batch.slice(0, 1));
      expect(machine.lastApplied).toBe(1);
    }
  });

  test("answers any bytes at all, the same on three machines: no entry can poison the cluster (T25)", () => {
    const prng = new Prng(25);
    const machines = [1, 7, 64].map((batch) => ({ batch, ...machineOf({ sessionLimits: { sessionsMax: 50, pagesMax: 128, idleMs: 3_600_000 } }) }));
    const entries: AppliedEntry[] = [];
    while (entries.length < 100_000) {
      const data = randomCommand(prng);
      if (commandFault(data) !== "unknown") entries.push({ index: entries.length + 1, term: 1, type: 1, data });
    }
    const statuses = new Set<string>();
    for (const { machine, batch } of machines) {
      for (let start = 0; start < entries.length; start += batch) {
        for (const result of machine.applyBatch(entries.slice(start, start + batch))) statuses.add(resultOf(result).status);
      }
    }
    expect(statuses).toEqual(new Set(["ok", "conflict", "sessionExpired", "sequenceAhead", "invalid"]));
    expect(new Set(machines.map(({ machine }) => machine.digest())).size).toBe(1);
    expect(stateOf(machines[0]!.store)).toEqual(stateOf(machines[2]!.store));
  });
});

function randomCommand(prng: Prng): Uint8Array {
  const key = utf8(`k${prng.integer(0, 200)}`);
  const session = prng.chance(0.7) ? { id: BigInt(prng.integer(1, 80)), sequence: prng.integer(1, 40) } : undefined;
  const condition = prng.chance(0.5) ? undefined : { kind: "version" as const, version: prng.integer(0, 3) };
  const wantPrevious = prng.chance(0.3);
  const operations: Command[] = [
    { operation: "put", key, value: new Uint8Array(prng.integer(0, 30)), condition, wantPrevious, session },
    { operation: "delete", key, condition, wantPrevious, session },
    { operation: "deleteRange", start: key, end: utf8(`k${prng.integer(0, 200)}`), session },
  ];
  const bytes = encodeCommand(operations[prng.chance(0.1) ? 2 : prng.integer(0, 1)]!);
  if (prng.chance(0.2)) bytes[prng.integer(0, bytes.length - 1)] = prng.integer(0, 255);
  return prng.chance(0.02) ? bytes.subarray(0, prng.integer(0, bytes.length)) : bytes;
}

describe("the digest", () => {
  test("is equal for equal entries and differs when one entry, its order, its term or its type differs (S42, H38)", () => {
    const digestOf = (...entries: AppliedEntry[]) => {
      const { machine } = machineOf();
      machine.applyBatch(entries);
      return machine.digest();
    };
    const base = [entryOf(1, put("a", "1")), entryOf(2, put("b", "2"))];
    const digests = [
      digestOf(...base),
      digestOf(base[0]!),
      digestOf(entryOf(1, put("b", "2")), entryOf(2, put("a", "1"))),
      digestOf(base[0]!, entryOf(2, put("b", "2"), 2)),
      digestOf(base[0]!, entryOf(2, put("b", "3"))),
      digestOf(base[0]!, noopOf(2)),
      digestOf(base[0]!, { ...noopOf(2), type: 2 }),
    ];
    expect(new Set(digests).size).toBe(digests.length);
    expect(digestOf(...base)).toBe(digests[0]);
    expect(digests[0]).toMatch(/^[0-9a-f]{32}$/);
  });

  test("differs when the same entries meet another content, because the answers differ (H38)", () => {
    const twins = [machineOf(), machineOf()];
    for (const { machine } of twins) machine.apply(entryOf(1, put("a", "1")));
    const [one, other] = twins as [ReturnType<typeof machineOf>, ReturnType<typeof machineOf>];
    const row = stateOf(one.store).find(([key]) => key.startsWith("10"))!;
    other.store.transaction((transaction) => transaction.delete(Buffer.from(row[0], "hex")));
    for (const { machine } of twins) machine.apply(entryOf(2, put("a", "2")));
    expect(one.machine.digest()).not.toBe(other.machine.digest());
  });
});

test("the digest covers the answers: equal entries and equal records, but another answer (H38)", () => {
  const twins = [machineOf(), machineOf()];
  for (const { machine } of twins) machine.apply(entryOf(1, put("a", "1")));
  const row = stateOf(twins[1]!.store).find(([key]) => key.startsWith("10"))!;
  twins[1]!.store.transaction((transaction) => transaction.delete(Buffer.from(row[0], "hex")));
  const statuses = twins.map(({ run }) => run(put("a", "2", { condition: { kind: "version", version: 5 } })));
  expect(statuses.map(({ status, version }) => [status, version])).toEqual([["conflict", 1], ["conflict", 0]]);
  expect(twins[0]!.machine.digest()).not.toBe(twins[1]!.machine.digest());
});

describe("damage in the store", () => {
  test("of any single bit of a record is CORRUPT at the next read or write of it, never a value", () => {
    fc.assert(fc.property(fc.nat(), fc.nat(7), (position, bit) => {
      const { machine, store, run } = machineOf();
      run(put("key", "a value"));
      const [key, value] = stateOf(store).find(([row]) => row.startsWith("10"))!;
      const bytes = Buffer.from(value, "hex");
      bytes[position % bytes.length]! ^= 1 << bit;
      store.transaction((transaction) => transaction.put(Buffer.from(key, "hex"), bytes));
      const isCorrupt = expect.toSatisfy((error) => error instanceof RaftctlError && error.code === "CORRUPT");
      expect(() => machine.get(utf8("key"))).toThrow(isCorrupt);
      expect(() => machine.apply(entryOf(2, put("key", "2")))).toThrow(isCorrupt);
      expect(() => machine.range({ start: undefined, end: undefined, limit: 9, keysOnly: true, countOnly: false })).toThrow(isCorrupt);
      expect(machine.lastApplied).toBe(1);
    }), { numRuns: 100 });
  });

  test("of a record under another key is noticed: its checksum covers the key", () => {
    const { machine, store, run } = machineOf();
    run(put("a", "1"));
    const [, value] = stateOf(store).find(([row]) => row.startsWith("10"))!;
    store.transaction((transaction) => transaction.put(Uint8Array.from([0x10, 0x62]), Buffer.from(value, "hex")));
    expect(() => machine.get(utf8("b"))).toThrow("checksum");
  });

  test("of the position or of a session row is noticed when the machine is opened", () => {
    for (const prefix of ["00", "20"]) {
      const { store, run } = machineOf();
      run(put("a", "1", { session: { id: 1n, sequence: 1 } }));
      const [key, value] = stateOf(store).find(([row]) => row.startsWith(prefix))!;
      const bytes = Buffer.from(value, "hex");
      bytes[bytes.length - 1]! ^= 1;
      store.transaction((transaction) => transaction.put(Buffer.from(key, "hex"), bytes));
      expect(() => new Machine({ store })).toThrow(expect.toSatisfy((error) => error instanceof RaftctlError && error.code === "CORRUPT"));
    }
  });
});

test("a transaction that fails rolls back what memory holds as well: the next batch starts from the store", () => {
  class FailingStore extends MemoryStore {
    isFull = false;
    override transaction<T>(write: (transaction: StoreTransaction) => T): T {
      return super.transaction((transaction) => {
        const result = write(transaction);
        if (this.isFull) throw new RaftctlError("NO_SPACE", "the disk is full");
        return result;
      });
    }
  }
  const store = new FailingStore();
  const machine = new Machine({ store });
  const entry = (index: number) => entryOf(index, put("a", String(index), { session: { id: 1n, sequence: index } }));
  machine.apply(entry(1));
  store.isFull = true;
  const digest = machine.digest();
  expect(() => machine.apply(entry(2))).toThrow("full");
  expect([machine.lastApplied, machine.digest(), machine.recordCount]).toEqual([1, digest, 1]);
  store.isFull = false;
  expect(resultOf(machine.apply(entry(2)))).toMatchObject({ status: "ok", version: 2 });
  expect(hex(machine.get(utf8("a"))!.value)).toBe("32");
});

test("chosen keys cost no more than others: ascending ones, and ones with a long common beginning (T26)", () => {
  const timeOf = (keyAt: (index: number) => string) => {
    const { machine } = machineOf();
    const entries = Array.from({ length: 20_000 }, (_, index) => entryOf(index + 1, put(keyAt(index), "")));
    const start = performance.now();
    for (let index = 0; index < entries.length; index += 500) machine.applyBatch(entries.slice(index, index + 500));
    return performance.now() - start;
  };
  const scattered = (index: number) => String((index * 2654435761) % 2 ** 32).padStart(10, "0");
  const kinds = [scattered, (index: number) => String(index).padStart(10, "0"), (index: number) => "same".repeat(4) + scattered(index)];
  const times = kinds.map((): number[] => []);
  for (let round = 0; round < 3; round += 1) kinds.forEach((keyAt, kind) => times[kind]!.push(timeOf(keyAt)));
  const [usual, ascending, similar] = times.map((rounds) => Math.min(...rounds));
  expect(ascending! / usual!).toBeLessThan(4);
  expect(similar! / usual!).toBeLessThan(4);
});

test("an image of a state that has lost a record ends in CORRUPT, before anybody relies on it", () => {
  const { machine, store, run } = machineOf();
  for (const key of ["a", "b", "c"]) run(put(key, "1"));
  store.transaction((transaction) => transaction.delete(Uint8Array.of(0x10, ...utf8("b"))));
  const image = machine.image();
  expect(() => [...image.chunks()]).toThrow(expect.objectContaining({ code: "CORRUPT" }) as Error);
  image.close();
});

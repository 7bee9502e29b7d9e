import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { concatBytes, readU32, utf8, writeU32 } from "../../src/base/bytes.ts";
import { crc32 } from "../../src/base/crc.ts";
import { RaftctlError } from "../../src/base/errors.ts";
import { Prng } from "../../src/base/prng.ts";
import { encodeImage } from "../../src/machine/image.ts";
import { streamHeadKey, streamRecordKey } from "../../src/machine/keyspace.ts";
import { Machine } from "../../src/machine/machine.ts";
import { MemoryStore } from "../../src/machine/memory-store.ts";
import { rangeBytesMax } from "../../src/machine/reader.ts";
import type { AppliedEntry } from "../../src/machine/state-machine.ts";
import type { KeyValue, StoreTransaction } from "../../src/machine/store.ts";
import { streamRowChecksum } from "../../src/machine/streams.ts";
import { type Command, commandFault, encodeCommand } from "../../src/wire/command.ts";
import { limits } from "../../src/wire/limits.ts";
import { append, asyncOf, stateOf, entryOf, put, resultOf, stamp, text } from "./bytes-of.ts";

const all = limits.rangeRecordsMax;
const isCorrupt = expect.toSatisfy((error) => error instanceof RaftctlError && error.code === "CORRUPT");

function machineOf(store = new MemoryStore()) {
  const machine = new Machine({ store });
  const run = (command: Command) => resultOf(machine.apply(entryOf(machine.lastApplied + 1, command)));
  return { machine, store, run, read: (stream: string, from = 0, limit = all) => textsOf(machine, stream, from, limit) };
}

function textsOf(machine: Machine, stream: string, from = 0, limit = all): [number, string | undefined][] {
  return machine.readStream(utf8(stream), from, limit).records.map(({ offset, data }) => [offset, text(data)]);
}

function rowOf(store: MemoryStore, key: Uint8Array): Uint8Array {
  return store.get(key)!;
}

describe("append", () => {
  test("answers with the offset 0, 1, 2, …; every stream counts for itself and keeps the order of the log (S87)", () => {
    const { run, read } = machineOf();
    const appends = [["a", "1"], ["b", "x"], ["a", "2"], ["a", ""], ["b", "y"]] as const;
    const results = appends.map(([stream, data]) => run(append(stream, data)));
    expect(results.map(({ status, offset, index, version }) => [status, offset, index, version])).toEqual([
      ["ok", 0, 1, 0], ["ok", 0, 2, 0], ["ok", 1, 3, 0], ["ok", 2, 4, 0], ["ok", 1, 5, 0],
    ]);
    expect(read("a")).toEqual([[0, "1"], [1, "2"], [2, ""]]);
    expect(read("b")).toEqual([[0, "x"], [1, "y"]]);
  });

  test("never mixes streams whose names begin each other, at the shortest and the longest name (S87)", () => {
    const { machine, run, read } = machineOf();
    const zeros = "\0".repeat(8);
    const names = ["a", `a${zeros}`, `a${zeros}${zeros}`, "a\0\0\0\0\0\0\0\u0001", "ab", "\0", "x".repeat(255), "x".repeat(256)];
    for (let round = 0; round < 3; round += 1) {
      for (const name of names) expect(run(append(name, `${round} of ${name}`)).offset).toBe(round);
    }
    for (const name of names) expect(read(name)).toEqual([0, 1, 2].map((round) => [round, `${round} of ${name}`]));
    expect(machine.recordCount).toBe(0);
  });

  test("gives one total order that survives every restart (S87, H39, property)", () => {
    const step = fc.record({ stream: fc.constantFrom("a", "a\0", "b", "longer"), data: fc.string({ maxLength: 20 }), restart: fc.boolean() });
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const model = new Map<string, string[]>();
      let { run, store, machine } = machineOf();
      for (const { stream, data, restart } of steps) {
        if (restart) ({ run, store, machine } = machineOf(store));
        const records = model.get(stream) ?? [];
        expect(run(append(stream, data)).offset).toBe(records.length);
        model.set(stream, [...records, data]);
      }
      for (const [stream, records] of model) {
        expect(textsOf(machine, stream)).toEqual(records.map((data, offset) => [offset, data]));
        expect(machine.readStream(utf8(stream), 0, 0).end).toBe(records.length);
      }
    }), { numRuns: 60 });
  });

  test("with a session happens exactly once, also after a restart: a repetition gets the offset of the first (S87, S112, H37)", () => {
    const { run, store } = machineOf();
    run(append("s", "before"));
    const first = run(append("s", "once", { session: stamp(5, 1) }));
    expect(run(append("s", "once", { session: stamp(5, 1) }))).toEqual(first);
    const again = machineOf(store);
    expect(again.run(append("s", "once", { session: stamp(5, 1) }))).toEqual(first);
    expect(again.run(append("s", "refused", { session: stamp(6, 5_000) }))).toMatchObject({ status: "sequenceAhead", offset: undefined });
    expect(again.run(append("s", "next", { session: stamp(5, 2) })).offset).toBe(2);
    expect(again.read("s")).toEqual([[0, "before"], [1, "once"], [2, "next"]]);
  });

  test("leaves keys alone, and keys leave streams alone: not even a delete of every key touches one", () => {
    const { machine, run, read } = machineOf();
    run(append("name", "record"));
    run(put("name", "value"));
    expect([text(machine.get(utf8("name"))?.value), machine.recordCount]).toEqual(["value", 1]);
    expect(run({ operation: "deleteRange", start: new Uint8Array(0), end: undefined }).deleted).toBe(1);
    expect(read("name")).toEqual([[0, "record"]]);
    expect(run(append("name", "another")).offset).toBe(1);
  });

  test("of a transaction that fails takes no offset (S87)", () => {
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
    const { machine, run } = machineOf(store);
    run(append("s", "0"));
    const digest = machine.digest();
    store.isFull = true;
    expect(() => run(append("s", "lost"))).toThrow("full");
    expect(machine.digest()).toBe(digest);
    store.isFull = false;
    expect(run(append("s", "1")).offset).toBe(1);
    expect(textsOf(machine, "s")).toEqual([[0, "0"], [1, "1"]]);
  });
});

describe("a read of a stream", () => {
  test("gives records from an offset on, at most as many as wanted, and says whether there are more and where the stream ends", () => {
    const { machine, run } = machineOf();
    for (let number = 0; number < 5; number += 1) run(append("s", String(number)));
    const page = (from: number, limit: number) => {
      const { records, more, end } = machine.readStream(utf8("s"), from, limit);
      return [records.map(({ data }) => text(data)).join(""), more, end];
    };
    expect(page(0, 5)).toEqual(["01234", false, 5]);
    expect(page(0, 2)).toEqual(["01", true, 5]);
    expect(page(2, 2)).toEqual(["23", true, 5]);
    expect(page(3, 2)).toEqual(["34", false, 5]);
    expect(page(4, 9)).toEqual(["4", false, 5]);
    expect(page(0, 0)).toEqual(["", true, 5]);
    expect(page(5, 9)).toEqual(["", false, 5]);
    expect(page(Number.MAX_SAFE_INTEGER, 9)).toEqual(["", false, 5]);
    expect(page(0, -1)).toEqual(["", true, 5]);
    for (const stream of [utf8("S"), utf8("s\0"), new Uint8Array(0), new Uint8Array(257), new Uint8Array(5000)]) {
      expect(machine.readStream(stream, 0, 9)).toEqual({ records: [], more: false, end: 0 });
    }
    for (const from of [-1, 0.5, Number.NaN, 2 ** 53]) expect(() => page(from, 1)).toThrow("an offset");
    for (const limit of [0.5, Number.NaN]) expect(() => page(0, limit)).toThrow("an offset");
  });

  test("is bounded in bytes, but always gets on by one record, and in records (T26)", () => {
    const { machine, run } = machineOf();
    const data = "x".repeat(limits.valueBytesMax);
    for (let times = 0; times < 4; times += 1) run(append("large", data));
    const sizes: number[] = [];
    for (let from = 0, more = true; more;) {
      const page = machine.readStream(utf8("large"), from, all);
      sizes.push(page.records.length);
      from += page.records.length;
      more = page.more;
    }
    expect(sizes).toEqual([1, 1, 1, 1]);
    expect(rangeBytesMax).toBeGreaterThan(limits.valueBytesMax);
    expect(rangeBytesMax).toBeLessThan(0.75 * limits.clientFrameBytesMax);
    const entries = Array.from({ length: all + 1 }, (_, number) => entryOf(machine.lastApplied + 1 + number, append("many", "")));
    machine.applyBatch(entries);
    expect(machine.readStream(utf8("many"), 0, 1e9)).toMatchObject({ records: { length: all }, more: true, end: all + 1 });
  });
});

describe("commands that append", () => {
  test("over a limit or malformed are answered as invalid and change nothing but the position (T25)", () => {
    const { machine, store, run } = machineOf();
    run(append("s", "0"));
    const longName = encodeCommand(put("x".repeat(257), ""));
    const noName = encodeCommand({ operation: "deleteRange", start: new Uint8Array(0), end: new Uint8Array(0) });
    const conditional = encodeCommand(put("s", "1", { condition: { kind: "absent" } }));
    for (const data of [longName, noName, conditional]) {
      data[1] = 4;
      const before = stateOf(store).filter(([key]) => key !== "00");
      const result = resultOf(machine.apply({ index: machine.lastApplied + 1, term: 1, type: 1, data }));
      expect([result.status, result.offset]).toEqual(["invalid", undefined]);
      expect(stateOf(store).filter(([key]) => key !== "00")).toEqual(before);
    }
  });

  test("of any bytes never throw in apply, and three machines agree on digest, content and answers (S87, S42, H38, T25)", () => {
    const prng = new Prng(87);
    const entries: AppliedEntry[] = [];
    while (entries.length < 20_000) {
      const data = fuzzed(prng);
      if (commandFault(data) !== "unknown") entries.push({ index: entries.length + 1, term: 1, type: 1, data });
    }
    const outcomes = [1, 7, 64].map((batch) => {
      const { machine, store } = machineOf();
      const answers = [];
      for (let start = 0; start < entries.length; start += batch) answers.push(...machine.applyBatch(entries.slice(start, start + batch)));
      return { digest: machine.digest(), content: stateOf(store), answers };
    });
    expect(new Set(outcomes[0]!.answers.map((answer) => resultOf(answer).status))).toEqual(new Set(["ok", "invalid", "sessionExpired", "sequenceAhead", "conflict"]));
    expect(outcomes[0]!.answers.some((answer) => (resultOf(answer).offset ?? 0) > 100)).toBe(true);
    for (const outcome of outcomes.slice(1)) expect(outcome).toEqual(outcomes[0]);
  });
});

function fuzzed(prng: Prng): Uint8Array {
  const session = prng.chance(0.5) ? stamp(prng.integer(1, 30), prng.integer(1, 60)) : undefined;
  const stream = prng.chance(0.9) ? `s${prng.integer(0, 9)}` : "x".repeat(prng.integer(1, 256));
  const command = append(stream, "d".repeat(prng.integer(0, 40)), session && { session });
  const bytes = encodeCommand(prng.chance(0.1) ? put("k", "v") : command);
  if (prng.chance(0.3)) bytes[prng.integer(0, prng.chance(0.5) ? 39 : bytes.length - 1)] = prng.integer(0, 255);
  return prng.chance(0.05) ? bytes.subarray(0, prng.integer(0, bytes.length)) : bytes;
}

describe("an image", () => {
  function filled() {
    const whole = machineOf();
    for (let number = 0; number < 40; number += 1) whole.run(append(`s${number % 3}`, `record ${number}`, { session: stamp(1, number + 1) }));
    return whole;
  }

  async function restored(pairs: Iterable<KeyValue>, index = 40) {
    const target = machineOf();
    await target.machine.restore({ index, term: 1 }, asyncOf([concatBytes([...encodeImage(pairs, crc32)])]));
    return target;
  }

  test("carries the streams: restored, they read the same and go on at the same offset, with one digest (S87, S114, H36)", async () => {
    const source = filled();
    const image = source.machine.image();
    const target = machineOf();
    await target.machine.restore(image, asyncOf([...image.chunks()]));
    image.close();
    expect(stateOf(target.store)).toEqual(stateOf(source.store));
    for (const stream of ["s0", "s1", "s2"]) expect(target.read(stream)).toEqual(source.read(stream));
    for (const command of [append("s0", "record 39", { session: stamp(1, 40) }), append("s1", "next"), append("new", "first")]) {
      expect(target.run(command)).toEqual(source.run(command));
    }
    expect(target.run(append("s1", "again")).offset).toBe(14);
    source.run(append("s1", "again"));
    expect(target.machine.digest()).toBe(source.machine.digest());
  });

  test("whose streams are not those of its digest is CORRUPT, also when every checksum in it is right (H38)", async () => {
    const { store } = filled();
    const rows = [...store.range({})];
    const without = (key: Uint8Array) => rows.filter((row) => Buffer.compare(row.key, key) !== 0);
    const other = machineOf();
    for (let number = 0; number < 14; number += 1) other.run(append("s0", `forged ${number}`));
    const exchanged = (key: Uint8Array) => rows.map((row) => (Buffer.compare(row.key, key) === 0 ? { key, value: rowOf(other.store, key) } : row));
    other.run(append("s0", "one more"));
    const forgeries: Record<string, KeyValue[]> = {
      "a record is missing": without(streamRecordKey(utf8("s1"), 3)),
      "the last record is missing": without(streamRecordKey(utf8("s0"), 13)),
      "a head is missing": without(streamHeadKey(utf8("s2"))),
      "another record in its place": exchanged(streamRecordKey(utf8("s0"), 5)),
      "a head that runs ahead": exchanged(streamHeadKey(utf8("s0"))),
      "a record without a name": [...rows, { key: Uint8Array.of(0x31, 255), value: new Uint8Array(9) }],
      "a key of another length": [...rows, { key: new Uint8Array(12).fill(0x31), value: new Uint8Array(9) }],
    };
    await expect(restored(rows)).resolves.toBeDefined();
    for (const [name, forged] of Object.entries(forgeries)) await expect(restored(forged), name).rejects.toThrow(isCorrupt);
  });
});

test("a row of impossible shape is CORRUPT also when its checksum is right", () => {
  const sealed = (key: Uint8Array, content: Uint8Array): KeyValue => {
    const value = new Uint8Array(4 + content.length);
    value.set(content, 4);
    writeU32(value, 0, crc32(content, crc32(key)));
    return { key, value };
  };
  const record = streamRecordKey(utf8("s"), 0);
  const one = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
  for (const sound of [sealed(record, utf8("data")), sealed(record, new Uint8Array(0)), sealed(streamHeadKey(utf8("s")), one)]) {
    expect(streamRowChecksum(sound, crc32)).toBe(readU32(sound.value, 0));
  }
  const impossible = [
    sealed(record.subarray(0, -1), utf8("data")),
    sealed(concatBytes([record, utf8("x")]), utf8("data")),
    sealed(Uint8Array.of(0x31), utf8("data")),
    sealed(record, new Uint8Array(limits.valueBytesMax + 1)),
    sealed(Uint8Array.of(0x30), one),
    sealed(streamHeadKey(new Uint8Array(257)), one),
    sealed(streamHeadKey(utf8("s")), new Uint8Array(8)),
    sealed(streamHeadKey(utf8("s")), one.subarray(1)),
    sealed(streamHeadKey(utf8("s")), new Uint8Array(8).fill(255)),
    { key: record, value: new Uint8Array(3) },
  ];
  for (const row of impossible) expect(() => streamRowChecksum(row, crc32)).toThrow(isCorrupt);
});

describe("damage in the store", () => {
  test("of any single bit of a record or a head is CORRUPT at the next read or append, never data (property)", () => {
    fc.assert(fc.property(fc.boolean(), fc.nat(), fc.nat(7), (isHead, position, bit) => {
      const { machine, store, run } = machineOf();
      run(append("s", "some data"));
      const key = isHead ? streamHeadKey(utf8("s")) : streamRecordKey(utf8("s"), 0);
      const bytes = rowOf(store, key);
      bytes[position % bytes.length]! ^= 1 << bit;
      store.transaction((transaction) => transaction.put(key, bytes));
      expect(() => machine.readStream(utf8("s"), 0, 1)).toThrow(isCorrupt);
      if (isHead) expect(() => run(append("s", "more"))).toThrow(isCorrupt);
      expect(machine.lastApplied).toBe(1);
    }), { numRuns: 100 });
  });

  test("that loses a record, or puts one in another's place, is noticed: offsets have no gap and checksums cover the name and the offset", () => {
    const { machine, store, run } = machineOf();
    for (const stream of ["s", "t"]) for (const data of ["0", "1", "2"]) run(append(stream, data));
    const rewrite = (change: (transaction: StoreTransaction) => void) => store.transaction(change);
    const middle = streamRecordKey(utf8("s"), 1);
    const sound = rowOf(store, middle);
    for (const foreign of [streamRecordKey(utf8("s"), 2), streamRecordKey(utf8("t"), 1)]) {
      rewrite((transaction) => transaction.put(middle, rowOf(store, foreign)));
      expect(() => machine.readStream(utf8("s"), 0, all)).toThrow("checksum");
    }
    rewrite((transaction) => transaction.put(middle, sound));
    expect(machine.readStream(utf8("s"), 0, all).records).toHaveLength(3);
    rewrite((transaction) => transaction.delete(middle));
    for (const limit of [2, 3]) expect(() => machine.readStream(utf8("s"), 0, limit)).toThrow("record 1 of a stream is missing");
    expect(machine.readStream(utf8("s"), 2, 1).records).toHaveLength(1);
    rewrite((transaction) => transaction.put(middle, sound));
    for (const lost of [2, 1, 0]) {
      expect(machine.readStream(utf8("s"), 0, lost).records).toHaveLength(lost);
      rewrite((transaction) => transaction.delete(streamRecordKey(utf8("s"), lost)));
      expect(() => machine.readStream(utf8("s"), 0, all)).toThrow(`record ${lost} of a stream is missing`);
    }
  });
});

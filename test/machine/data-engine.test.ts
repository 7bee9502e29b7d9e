import { expect, test } from "vitest";
import { readFileSync } from "node:fs";
import { utf8 } from "../../src/base/bytes.ts";
import { crc32 } from "../../src/base/crc.ts";
import type { DataEngine, DataRecord, KeyDelete, KeyListing, KeySpan, KeyWrite, WriteOutcome } from "../../src/machine/data-engine.ts";
import { Digest, emptyDigest } from "../../src/machine/digest.ts";
import { Dispatch } from "../../src/machine/dispatch.ts";
import { MemoryStore } from "../../src/machine/memory-store.ts";
import { RecordCodec } from "../../src/machine/record.ts";
import { defaultSessionLimits, SessionTable } from "../../src/machine/sessions.ts";
import { DataSize } from "../../src/machine/data-size.ts";
import { Settings } from "../../src/machine/settings.ts";
import { StoreEngine } from "../../src/machine/store-engine.ts";
import { clusterVersions } from "../../src/wire/cluster-version.ts";
import { type Command, encodeCommand } from "../../src/wire/command.ts";
import { encodeTxn } from "../../src/wire/txn.ts";
import { decodeStepResults } from "../../src/wire/txn-result.ts";
import { append, contentOf, del, put, resultOf, stamp, text } from "./bytes-of.ts";

function engineOver(): { engine: DataEngine; store: MemoryStore; digest: Digest } {
  const digest = new Digest(emptyDigest);
  return { engine: new StoreEngine({ codec: new RecordCodec(crc32), crc32, digest, size: new DataSize(0, 0) }), store: new MemoryStore(), digest };
}

const write = (key: string, value: string): KeyWrite => ({ key: utf8(key), value: utf8(value), wantPrevious: true });

test("DataEngine is get, put, del, append and read over a transaction alone: no entry, no term, no session is needed (S115)", () => {
  const { engine, store } = engineOver();
  store.transaction((transaction) => {
    expect(engine.put(transaction, write("a", "1"), 70)).toEqual({ status: "ok", version: 1, deleted: 0, previous: undefined });
    expect(engine.put(transaction, write("a", "2"), 71).previous).toEqual({ value: utf8("1"), version: 1, createRevision: 70, modRevision: 70 });
    expect(engine.get(transaction, utf8("a"))).toMatchObject({ version: 2, createRevision: 70, modRevision: 71 });
    expect(["x", "y"].map((data) => engine.append(transaction, utf8("s"), utf8(data)))).toEqual([0, 1]);
    expect(engine.read(transaction, { stream: utf8("s"), from: 1, limit: 9 })).toMatchObject({ records: [{ offset: 1 }], end: 2 });
    engine.put(transaction, write("b", ""), 72);
  });
  expect([text(engine.get(store, utf8("a"))?.value), engine.keyCount]).toEqual(["2", 2]);
  expect(engine.read(store, { stream: utf8("s"), from: 0, limit: 9 }).records.map(({ data }) => text(data))).toEqual(["x", "y"]);
  store.transaction((transaction) => {
    expect(engine.del(transaction, write("a", ""))).toMatchObject({ status: "ok", version: 2, deleted: 1 });
    expect(engine.deleteRange(transaction, { start: utf8(""), end: undefined })).toMatchObject({ deleted: 1 });
  });
  expect([engine.get(store, utf8("a")), engine.get(store, utf8("")), engine.keyCount]).toEqual([undefined, undefined, 0]);
});

test("what is put and deleted again leaves the digest as it was, and what is appended does not (H38)", () => {
  const { engine, store, digest } = engineOver();
  store.transaction((transaction) => {
    const before = digest.text();
    engine.put(transaction, write("a", "1"), 1);
    engine.del(transaction, write("a", ""));
    expect(digest.text()).toBe(before);
    const seen = new Set([before]);
    for (const data of ["", "x", "x"]) {
      engine.append(transaction, utf8("s"), utf8(data));
      seen.add(digest.text());
    }
    expect(seen.size).toBe(4);
  });
});

test("nothing of Raft or of sessions is named by DataEngine, and what it imports is no more than the store and a condition (S115)", () => {
  const source = readFileSync(new URL("../../src/machine/data-engine.ts", import.meta.url), "utf8");
  expect(source).toContain("export interface DataEngine");
  expect(source).not.toMatch(/raft|terms?\b|session|leader|follower|commit|quorum|entry\b|entries|index|wire\/(?!command\.ts)|\blog\b/i);
  const imports = source.match(/^import .*$/gm);
  expect(imports).toEqual(['import type { Condition } from "../wire/command.ts";', 'import type { StoreContent, StoreTransaction } from "./store.ts";']);
});

/** Keeps everything in maps, knows no store: the machine's dispatch must not notice. */
class MapEngine implements DataEngine {
  readonly #records = new Map<string, DataRecord>();
  readonly #streams = new Map<string, Uint8Array[]>();
  readonly calls: string[] = [];

  get keyCount(): number {
    return this.#records.size;
  }

  get(_content: unknown, key: Uint8Array): DataRecord | undefined {
    return this.#records.get(text(key)!);
  }

  put(_transaction: unknown, { key, value }: KeyWrite, revision: number): WriteOutcome {
    this.calls.push("put");
    const previous = this.#records.get(text(key)!);
    const version = (previous?.version ?? 0) + 1;
    this.#records.set(text(key)!, { value, version, createRevision: previous?.createRevision ?? revision, modRevision: revision });
    return { status: "ok", version, deleted: 0, previous };
  }

  del(_transaction: unknown, { key }: KeyDelete): WriteOutcome {
    this.calls.push("del");
    return { status: "conflict", version: this.#records.get(text(key)!)!.version, deleted: 0, previous: undefined };
  }

  deleteRange(): WriteOutcome {
    this.calls.push("deleteRange");
    return { status: "tooMany", version: 0, deleted: 0, previous: undefined };
  }

  count(): number {
    this.calls.push("count");
    return 1;
  }

  list(_content: unknown, { start }: KeySpan, limit: number): KeyListing {
    this.calls.push(`list ${limit}`);
    return { records: [{ key: start, ...this.#records.get(text(start)!)! }], more: true };
  }

  append(_transaction: unknown, stream: Uint8Array, data: Uint8Array): number {
    this.calls.push("append");
    const records = this.#streams.get(text(stream)!) ?? [];
    this.#streams.set(text(stream)!, [...records, data]);
    return records.length;
  }

  read(): never {
    throw new Error("a command reads no stream");
  }
}

test("every command is carried out by whatever DataEngine is handed in, and its outcome is the answer (S115)", () => {
  const engine = new MapEngine();
  const dispatch = new Dispatch(engine, new SessionTable(crc32, defaultSessionLimits), new Settings([], { crc32, digest: new Digest(emptyDigest), size: new DataSize(0, 0) }), clusterVersions);
  const store = new MemoryStore();
  let index = 40;
  const run = (command: Command) => {
    index += 1;
    return resultOf(store.transaction((transaction) => dispatch.execute(transaction, encodeCommand(command), index)));
  };
  expect(run(put("a", "1"))).toMatchObject({ status: "ok", version: 1, index: 41, previous: undefined, offset: undefined });
  expect(run(put("a", "2", { wantPrevious: true })).previous).toEqual({ value: utf8("1"), version: 1, createIndex: 41, modIndex: 41 });
  expect(run(del("a"))).toMatchObject({ status: "conflict", version: 2, index: 43 });
  expect(run({ operation: "deleteRange", start: utf8(""), end: undefined })).toMatchObject({ status: "tooMany", index: 44 });
  expect(run(append("s", "x"))).toMatchObject({ status: "ok", version: 0, index: 45, offset: 0 });
  const stamped = append("s", "y", { session: stamp(1, 1) });
  expect([run(stamped), run(stamped)].map((result) => [result.index, result.offset])).toEqual([[46, 1], [46, 1]]);
  expect(engine.calls.splice(0)).toEqual(["put", "put", "del", "deleteRange", "append", "append"]);
  const body = encodeTxn({
    compare: [{ key: utf8("a"), target: "modIndex", relation: "equal", number: 42 }],
    then: [{ operation: "put", key: utf8("b"), value: utf8("3"), wantPrevious: false }, { operation: "range", start: utf8("b"), end: undefined, limit: 5, keysOnly: false }, { operation: "deleteRange", start: utf8("x"), end: utf8("y") }],
    else: [],
  });
  const { steps, ...transacted } = run({ operation: "txn", body });
  expect(transacted).toMatchObject({ status: "ok", version: 1, index: 48 });
  expect(decodeStepResults(steps!)[1]).toEqual({ records: [{ key: utf8("b"), value: utf8("3"), version: 1, createIndex: 48, modIndex: 48 }], more: true });
  expect(engine.calls).toEqual(["count", "put", "list 5", "deleteRange"]);
  expect(contentOf(store)).toEqual([]);
});

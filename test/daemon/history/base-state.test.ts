// What of a state is kept for the history of one key: little, and yet enough to judge as every node did.

import { expect, test } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { BaseState } from "../../../src/daemon/history/base-state.ts";
import { Influences } from "../../../src/daemon/history/influences.ts";
import { Reconstruction, type Reconstructed } from "../../../src/daemon/history/reconstruction.ts";
import { entryFacts } from "../../../src/daemon/log-inspection/entry-facts.ts";
import { decodeImage } from "../../../src/machine/image.ts";
import { positionKey, recordKey } from "../../../src/machine/keyspace.ts";
import { keysDeletedMax } from "../../../src/machine/kv.ts";
import { Machine } from "../../../src/machine/machine.ts";
import { MemoryStore } from "../../../src/machine/memory-store.ts";
import { encodePosition, startPosition } from "../../../src/machine/position.ts";
import { RecordCodec } from "../../../src/machine/record.ts";
import type { KeyValue } from "../../../src/machine/store.ts";
import { crc32 } from "../../../src/platform/crc32.ts";
import { entryTypes } from "../../../src/raft/entry.ts";
import { encodeCommand, type Command } from "../../../src/wire/command.ts";
import type { LogEntry } from "../../../src/wire/log-inspection.ts";

function entry(index: number, command: Command): LogEntry {
  return entryFacts({ index, term: 1, type: entryTypes.command, data: encodeCommand(command) }, { commitIndex: index, content: "payload", crc32 });
}

function put(key: string, value = "v"): Command {
  return { operation: "put", key: utf8(key), value: utf8(value), wantPrevious: false };
}

function influencesOf(commands: readonly Command[]): Influences {
  const influences = new Influences(utf8("a"));
  commands.forEach((command, place) => influences.note(entry(place + 1, command)));
  return influences;
}

async function* rowsOf(commands: readonly Command[]): AsyncGenerator<KeyValue> {
  const machine = new Machine({ store: new MemoryStore(), crc32 });
  machine.applyBatch(commands.map((command, place) => ({ index: place + 1, term: 1, type: entryTypes.command, data: encodeCommand(command) })));
  const image = machine.image();
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    yield* image.chunks();
  };
  yield* decodeImage(chunks(), crc32);
  image.close();
}

/** The state after so many puts of different keys, "a" first, as an image has it. */
async function* manyRows(count: number): AsyncGenerator<KeyValue> {
  yield { key: positionKey, value: encodePosition({ ...startPosition, index: count, term: 1, records: count }, crc32) };
  const codec = new RecordCodec(crc32);
  for (let number = 0; number < count; number += 1) {
    const key = utf8(number === 0 ? "a" : `k${number}`);
    const record = codec.encode(key, { value: utf8("v"), version: 1, createRevision: number + 1, modRevision: number + 1 });
    yield { key: recordKey(key), value: record.slice() };
  }
}

async function after(count: number, then: readonly Command[]): Promise<Reconstructed> {
  const reconstruction = new Reconstruction(utf8("a"), [await BaseState.read("state", manyRows(count), { key: utf8("a"), influences: influencesOf(then) })]);
  then.forEach((command, place) => reconstruction.take(entry(count + 1 + place, command), "log"));
  return reconstruction.result;
}

const everything: Command = { operation: "deleteRange", start: utf8(""), end: undefined };

test.each<[number, Command[], unknown]>([
  [keysDeletedMax + 1, [everything], ["refused", 1]], [keysDeletedMax, [everything], ["deleted", 0]], [keysDeletedMax, [put("one more"), everything], ["refused", 1]],
])("a range over %i keys and what was put since is refused when it holds more than one command deletes, although only one key is asked for", async (count, then, wanted) => {
  expect((await after(count, then)).events.map(({ effect, version }) => [effect, version])).toEqual([["written", 1], wanted]);
}, 60_000);

test("of other keys, and of streams, nothing is kept where it cannot matter", async () => {
  const commands: Command[] = [put("a"), put("b", "x".repeat(1000)), { operation: "append", key: utf8("a"), value: utf8("r") }];
  const { machine, record } = await BaseState.read("state", rowsOf(commands), { key: utf8("a"), influences: influencesOf([]) });
  expect([record?.version, machine.get(utf8("b")), machine.readStream(utf8("a"), 0, 9).records, machine.lastApplied]).toEqual([1, undefined, [], 3]);
  expect(recordKey(utf8("a"))).toHaveLength(2);
});

test("a state that is not what the entries before it come to is not believed (exit 13)", async () => {
  const bases = [BaseState.beginning(utf8("a")), await BaseState.read("backup", rowsOf([put("a"), put("a")]), { key: utf8("a"), influences: influencesOf([]) })];
  const reconstruction = new Reconstruction(utf8("a"), bases);
  reconstruction.take(entry(1, put("a")), "n1");
  reconstruction.take(entry(2, { operation: "delete", key: utf8("a"), wantPrevious: false }), "n1");
  expect(() => reconstruction.reachLast()).toThrow(/the state at index 2 in backup, but the entries before it come to something else/);
});

test("terms that do not fit together are not one history (exit 13)", async () => {
  const state = await BaseState.read("backup", rowsOf([put("a"), put("b")]), { key: utf8("a"), influences: influencesOf([]) });
  const other = new Reconstruction(utf8("a"), [state]);
  other.take({ ...entry(2, put("a")), term: 2 }, "n1");
  expect(() => other.reachLast()).toThrow(/backup is the state at index 2 of term 1, but n1 has term 2 at index 2/);
  const descending = new Reconstruction(utf8("a"), []);
  descending.take({ ...entry(1, put("a")), term: 3 }, "n1");
  expect(() => descending.take(entry(2, put("a")), "n2")).toThrow(/entry 2 of n2 is of term 1, but n1 has term 3 at index 1 already/);
});

test("what is not known to be committed is shown, and has no effect yet", () => {
  const reconstruction = new Reconstruction(utf8("a"), [BaseState.beginning(utf8("a"))]);
  reconstruction.take(entry(1, put("a")), "n1");
  reconstruction.reachLast();
  reconstruction.takePending(entry(2, put("b")), "n1");
  reconstruction.takePending(entry(3, put("a", "later")), "n1");
  expect(reconstruction.result.events.map(({ index, effect, version }) => [index, effect, version])).toEqual([[1, "written", 1], [3, "pending", undefined]]);
  expect(reconstruction.result.spans).toMatchObject([{ first: 1, last: 1, record: { version: 1 } }]);
});

test("between its last write and a state the key was as it is there, whatever was tried meanwhile", async () => {
  const tried: Command = { ...put("a", "tried"), session: { id: 9n, sequence: 5_000 } };
  const commands = [put("a"), put("b"), tried, put("b")];
  const reconstruction = new Reconstruction(utf8("a"), [await BaseState.read("state", rowsOf(commands), { key: utf8("a"), influences: influencesOf([]) })]);
  commands.forEach((command, place) => reconstruction.take(entry(place + 1, command), "log"));
  reconstruction.reachLast();
  expect(reconstruction.result.events.map(({ index, effect, version }) => [index, effect, version])).toEqual([[1, "written", 1], [3, "unknown", 1]]);
  expect(reconstruction.result.spans).toMatchObject([{ first: 1, last: 4, record: { version: 1, createIndex: 1 } }]);
});

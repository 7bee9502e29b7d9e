import { expect, test } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { entryDocument, headerDocument } from "../../../src/cli/inspect-log/documents.ts";
import { EntryLines, headerText } from "../../../src/cli/inspect-log/entry-text.ts";
import type { LogEntry } from "../../../src/wire/log-inspection.ts";
import { logEntry, logHeader, putEntry, writeEntry } from "./logs.ts";

const escape = String.fromCodePoint(27);
const lines = new EntryLines(logHeader({ lastIndex: 12_345_678 }));

test("an entry is a document with every u64 as text (K5)", () => {
  const entry = writeEntry(2 ** 53 - 1, { key: utf8("a"), value: { bytes: 6, crc: 255, content: null }, condition: { kind: "version", version: 3 } }, { term: 9, time: Date.UTC(2026, 0, 31, 12), crc: 0xabc, session: { id: "18446744073709551615", sequence: 4 } });
  expect(entryDocument(entry)).toEqual({
    index: "9007199254740991", term: "9", type: "command", committed: true, time: "2026-01-31T12:00:00.000Z", bytes: 41, crc: "00000abc", crcOk: true, session: "18446744073709551615", seq: "4",
    command: { op: "put", key: "a", keyEncoding: "utf8", value: { bytes: 6, crc: "000000ff" }, condition: { version: "3" } },
  });
});

test("a membership says who votes, who learns, and what it is while joint", () => {
  const config = { voters: ["n1", "n2"], votersOutgoing: [] as string[], learners: ["n3"] };
  expect(entryDocument(logEntry(1, { type: "config", config })).config).toEqual({ voters: ["n1", "n2"], learners: ["n3"] });
  expect(entryDocument(logEntry(1, { type: "config", config: { ...config, votersOutgoing: ["n1"] } })).config).toEqual({ voters: ["n1", "n2"], learners: ["n3"], joint: { votersOutgoing: ["n1"] } });
});

test("the other commands, and what cannot be read, have documents of their own", () => {
  const documents = [
    writeEntry(1, { operation: "deleteRange", key: utf8("a"), end: null }), writeEntry(1, { operation: "deleteRange", key: utf8("a"), end: utf8("b") }),
    writeEntry(1, { operation: "append", key: utf8("s"), value: { bytes: 1, crc: 1, content: null } }), writeEntry(1, { operation: "delete", key: new Uint8Array([255]), condition: { kind: "absent" } }),
    writeEntry(1, { operation: "set", key: utf8("quota.bytes"), value: { bytes: 1, crc: 1, content: null } }),
  ].map((entry) => entryDocument(entry).command);
  expect(documents).toEqual([
    { op: "deleteRange", key: "a", keyEncoding: "utf8", end: null }, { op: "deleteRange", key: "a", keyEncoding: "utf8", end: { value: "b", encoding: "utf8" } },
    { op: "append", stream: "s", streamEncoding: "utf8", value: { bytes: 1, crc: "00000001" } }, { op: "delete", key: "/w==", keyEncoding: "base64", condition: { absent: true } },
    { op: "set", setting: "quota.bytes", value: { bytes: 1, crc: "00000001" } },
  ]);
  expect(entryDocument(logEntry(1, { type: "command", fault: "malformed", committed: null }))).toMatchObject({ fault: "malformed", committed: null });
});

test("a value that is shown keeps its length and checksum beside it", () => {
  expect(entryDocument(putEntry(1, "a", "hello")).command!.value).toMatchObject({ value: "hello", encoding: "utf8", bytes: 5 });
});

test("the header names the newest snapshot, and what is not known is null", () => {
  const snapshots = [{ file: "a", index: 3, term: 1, bytes: 10, digest: "0a" }, { file: "b", index: 9, term: 2, bytes: 11, digest: null }];
  expect(headerDocument(logHeader({ firstIndex: 4, lastIndex: 12, commitIndex: 9, snapshots, hardState: { term: 5, vote: "77" } }))).toMatchObject({
    firstIndex: "4", lastIndex: "12", commitIndex: "9", lastApplied: null, snapshot: { index: "9", term: "2", file: "b", bytes: 11, digest: null }, hardState: { term: "5", vote: "77" },
  });
  expect(headerDocument(logHeader()).snapshot).toBeNull();
});

test("keys, values, names and paths of others cannot move the cursor or forge a line (U2)", () => {
  const hostile = `a${escape}[2J\nb`;
  const entries: LogEntry[] = [
    putEntry(1, hostile, hostile), writeEntry(2, { operation: "deleteRange", key: utf8(hostile), end: utf8(hostile) }),
    logEntry(3, { type: "config", config: { voters: [hostile], votersOutgoing: [], learners: [hostile] } }), logEntry(4, { type: "command", fault: hostile }),
  ];
  const printed = [...entries.map((entry) => lines.of(entry, { error: hostile })), lines.of(entries[0]!, { value: hostile }), headerText(logHeader({ node: hostile, dataDir: hostile }))];
  for (const text of printed) {
    expect(text).not.toContain(escape);
    expect(text.split("\n").length).toBeLessThanOrEqual(2);
  }
});

test("every line of a log has the same columns", () => {
  const rows = [lines.title, lines.of(logEntry(1)), lines.of(putEntry(12_345_678, "key")), lines.of(logEntry(5, { committed: null, type: "config", config: { voters: ["n1"], votersOutgoing: [], learners: [] } }))];
  expect(new Set(rows.map((row) => row.search(/(?<=\s)(?:TYPE|noop|command|config)/))).size).toBe(1);
  expect(rows[1]!.trim()).toMatch(/^1 +1 +- +noop +yes +0$/);
  expect(rows[3]).toMatch(/config +\? +0 {2}voters n1$/);
});

// A history as people and programs see it, and one moment of it: what is not known is named and never shown as absent.

import { expect, test } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { historyDocument, historyFinding, historyText, unknownRanges } from "../../../src/cli/history/history-view.ts";
import { valueAt } from "../../../src/cli/history/value-at.ts";
import type { HistoryEvent, KeyHistory } from "../../../src/wire/key-history.ts";
import type { LogCommand } from "../../../src/wire/log-inspection.ts";

const secret = { bytes: 6, crc: 7, content: utf8("secret") };
const command: LogCommand = { operation: "put", key: utf8("a"), end: null, value: secret, condition: { kind: "value", value: secret } };
const written: HistoryEvent = { index: 5, term: 2, time: Date.UTC(2026, 0, 31, 12), effect: "written", version: 4, command, session: { id: "77", sequence: 3 }, source: "n1" };
const record = { value: utf8("secret"), version: undefined, createIndex: undefined, modIndex: 5 };
const known: KeyHistory = {
  key: utf8("a"), committedTo: 20, events: [written, { ...written, index: 21, effect: "pending", version: undefined, session: undefined }],
  spans: [{ first: 3, last: 4, record: undefined }, { first: 5, last: 8, record }, { first: 12, last: 17, record }],
  sources: [{ kind: "log", name: "n1", first: 3, last: 17 }], damages: [], superseded: [],
};

test("the unknown indexes are those between the spans, before them and behind them", () => {
  expect(unknownRanges(known)).toEqual([{ first: 1, last: 2 }, { first: 9, last: 11 }, { first: 18, last: 20 }]);
  expect(unknownRanges({ ...known, spans: [{ first: 1, last: 20, record }] })).toEqual([]);
  expect(unknownRanges({ ...known, spans: [] })).toEqual([{ first: 1, last: 20 }]);
  expect(historyText(known, false)).toContain("is not known after entries 1 to 2, entries 9 to 11, entries 18 to 20:");
});

test("the time at which the leader took a write in is told, and where nobody has noted it that is told too", () => {
  const untimed: KeyHistory = { ...known, events: [written, { ...written, index: 6, time: undefined }] };
  expect(historyDocument(untimed, false).events.map(({ time }) => time)).toEqual(["2026-01-31T12:00:00.000Z", null]);
  expect(historyText(untimed, false)).toMatch(/5 +2 +2026-01-31T12:00:00.000Z +written[^]*6 +2 +- +written/);
});

test("values of writes and of conditions are shown only when they are asked for", () => {
  for (const shown of [JSON.stringify(historyDocument(known, false)), historyText(known, false)]) expect(shown).not.toContain("secret");
  expect(historyDocument(known, true).events[0]).toMatchObject({ command: { value: { value: "secret" }, condition: { value: { value: "secret" } } } });
  expect(historyText(known, true)).toContain("put a  if value = secret  = secret  session 77:3");
});

test("what is pending is not committed, and what does not follow is null", () => {
  expect(historyDocument(known, false).events).toMatchObject([
    { index: "5", term: "2", effect: "written", version: "4", committed: true, session: "77", seq: "3", source: "n1" }, { index: "21", effect: "pending", version: null, committed: null },
  ]);
});

test("a moment is the value, nothing, or not known, at the edges too", () => {
  const found = (index: number): unknown => valueAt(known, index).document.found;
  expect([3, 4, 5, 8, 12, 17].map(found)).toEqual([false, false, true, true, true, true]);
  for (const index of [1, 2, 9, 11, 18, 20]) {
    expect(() => valueAt(known, index)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining("it is known after entries 3 to 8, entries 12 to 17"), details: expect.objectContaining({ known: [{ first: "3", last: "8" }, { first: "12", last: "17" }] }) }));
  }
  expect(() => valueAt(known, 21)).toThrow(/--at 21 is in the future: nothing behind index 20/);
  expect(valueAt(known, 5).document.kvs).toEqual([{ key: "a", keyEncoding: "utf8", value: "secret", encoding: "utf8", version: null, createIndex: null, modIndex: "5" }]);
});

test("damage comes before a missing key, and a missing key says how far that is known", () => {
  expect(historyFinding(known)).toBeUndefined();
  expect(historyFinding({ ...known, damages: ["x is damaged"] })).toMatchObject({ code: "CORRUPT", message: "x is damaged" });
  expect(historyFinding({ ...known, events: [] })).toMatchObject({ code: "NOT_FOUND", message: expect.stringContaining("nothing wrote a up to index 20, as far as what is at hand shows; what it held is not known after entries 1 to 2") });
});

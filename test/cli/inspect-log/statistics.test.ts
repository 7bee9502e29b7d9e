import { expect, test } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { LogStatistics, prefixesMax, prefixesShown, sessionsMax } from "../../../src/cli/inspect-log/statistics.ts";
import { statisticsText } from "../../../src/cli/inspect-log/statistics-text.ts";
import { summarize } from "../../../src/cli/inspect-log/summary.ts";
import { logEntry, MadeUpLog, putEntry, writeEntry } from "./logs.ts";

test("entries are counted by type, operation, run of terms, session and prefix of their keys", () => {
  const statistics = new LogStatistics();
  const session = { id: "7", sequence: 1 };
  for (const entry of [
    logEntry(3, { term: 1, bytes: 0 }), putEntry(4, "app/a", "v", { term: 1, bytes: 100, session }), putEntry(5, "app/b", "v", { term: 2, bytes: 50, session: { ...session, sequence: 2 } }),
    writeEntry(6, { operation: "delete", key: utf8("lone") }, { term: 2, bytes: 10 }), writeEntry(7, { operation: "append", key: utf8("app/stream") }, { term: 2, bytes: 1 }), logEntry(9, { term: 2 }),
  ]) statistics.add(entry);
  expect(statistics.document()).toEqual({
    entries: 6, bytes: 161, firstIndex: "3", lastIndex: "9",
    types: { noop: { entries: 2, bytes: 0 }, command: { entries: 4, bytes: 161 } },
    operations: { put: { entries: 2, bytes: 150 }, delete: { entries: 1, bytes: 10 }, append: { entries: 1, bytes: 1 } },
    terms: [{ term: "1", firstIndex: "3", lastIndex: "4", entries: 2 }, { term: "2", firstIndex: "5", lastIndex: "7", entries: 3 }, { term: "2", firstIndex: "9", lastIndex: "9", entries: 1 }],
    sessions: 1, sessionsTruncated: false,
    prefixes: [{ value: "app/", encoding: "utf8", entries: 2, bytes: 150 }, { value: "lone", encoding: "utf8", entries: 1, bytes: 10 }], otherPrefixes: null,
  });
});

test("memory is bounded: beyond so many prefixes and sessions the rest is counted together, and nothing is lost", () => {
  const statistics = new LogStatistics();
  const many = Math.max(prefixesMax, sessionsMax) + 10;
  for (let index = 1; index <= many; index += 1) statistics.add(putEntry(index, `${index}/x`, "", { bytes: 1, session: { id: String(index), sequence: 1 } }));
  const { prefixes, otherPrefixes, sessions, sessionsTruncated } = statistics.document();
  expect(prefixes).toHaveLength(prefixesShown);
  expect(otherPrefixes).toEqual({ entries: many - prefixesShown, bytes: many - prefixesShown });
  expect([sessions, sessionsTruncated]).toEqual([sessionsMax, true]);
});

test("an empty log has statistics too", () => {
  const document = new LogStatistics().document();
  expect(document).toMatchObject({ entries: 0, firstIndex: null, lastIndex: null, terms: [], otherPrefixes: null });
  expect(statisticsText(document)).toBe("0 entries, 0B, 0 sessions");
});

test("a summary shows statistics, snapshots and segments of each region", async () => {
  const log = new MadeUpLog([logEntry(1), putEntry(2, "app/a")], {
    snapshots: [{ file: "/s", index: 1, term: 1, bytes: 2048, digest: "cafe0001" }],
    segments: [{ file: "1.wal", bytes: 1024, state: "full", lastIndex: 1, purgeable: true }, { file: "2.wal", bytes: 1024, state: "active", lastIndex: null, purgeable: false }],
  });
  const { document, text } = await summarize(log);
  expect(document.regions).toMatchObject([{ region: "global", statistics: { entries: 2 }, snapshots: [{ index: "1", digest: "cafe0001" }], segments: [{ file: "1.wal", lastIndex: "1", purgeable: true }, { lastIndex: null }] }]);
  for (const part of ["app/", "cafe0001", "1.wal", "full, purgeable", "active"]) expect(text).toContain(part);
});

import { expect, test } from "vitest";
import { askedFor, inspectLog, type InspectionFlags } from "../../../src/cli/inspect-log/inspection.ts";
import { damageFinding } from "../../../src/cli/inspect-log/listing.ts";
import { logEntry, MadeUpLog, putEntry } from "./logs.ts";

const entries = Array.from({ length: 20 }, (_, place) => (place % 4 === 0 ? logEntry(place + 1) : putEntry(place + 1, `k${place}`, "secret")));

async function listed(flags: InspectionFlags, range?: string, log = new MadeUpLog(entries)): Promise<{ indexes: number[]; next: string | null; more: boolean; text: string; log: MadeUpLog }> {
  const lines: string[] = [];
  const asked = await askedFor(range, flags);
  const document = await inspectLog(log, asked, true, () => undefined);
  await inspectLog(log, asked, false, (text) => lines.push(text));
  return { indexes: document.entries.map(({ index }) => Number(index)), next: document.next, more: document.more, text: lines.join("\n"), log };
}

test("a limit ends a listing and says where it goes on; text and document hold the same entries", async () => {
  const { indexes, next, more, text } = await listed({ limit: 3, type: "noop" });
  expect([indexes, next, more]).toEqual([[1, 5, 9], "13", true]);
  expect(text.split("\n").filter((line) => /^ +\d/.test(line)).map((line) => Number(line.trim().split(" ")[0]))).toEqual(indexes);
  expect(text).toContain("more from 13 on: raftctl inspect-log 13..");
  expect(await listed({ limit: 20 })).toMatchObject({ more: false, next: null });
});

test("the default limit keeps a document small", async () => {
  const long = new MadeUpLog(Array.from({ length: 1_500 }, (_, place) => logEntry(place + 1)));
  expect(await listed({}, undefined, long)).toMatchObject({ more: true, next: "1001" });
});

test("the last so many are found without reading the rest, and the last so many of a selection by reading it", async () => {
  const plain = await listed({ last: 4 });
  expect([plain.indexes, plain.log.asked[0]!.range]).toEqual([[17, 18, 19, 20], { first: 17, last: 20 }]);
  const picked = await listed({ last: 2, type: "noop" });
  expect([picked.indexes, picked.log.asked[0]!.range]).toEqual([[13, 17], { first: 1, last: 20 }]);
  expect((await listed({ last: 2 }, "3..9")).indexes).toEqual([8, 9]);
  expect((await listed({ last: 99 })).indexes).toHaveLength(20);
});

test("since a time: from the first entry of that time or later on, also what a snapshot holds too, with its selection and limit", async () => {
  const timed = entries.map((entry) => ({ ...entry, time: entry.type === "noop" ? null : Date.UTC(2026, 0, 31, 12) + entry.index * 1_000 }));
  const log = (): MadeUpLog => new MadeUpLog(timed, { snapshots: [{ file: "s", index: 15, term: 1, bytes: 1, digest: null }] });
  expect((await listed({ since: "2026-01-31T12:00:12Z" }, undefined, log())).indexes).toEqual([12, 13, 14, 15, 16, 17, 18, 19, 20]);
  expect((await listed({ since: "2026-01-31T12:00:12.001Z", type: "command" }, undefined, log())).indexes).toEqual([14, 15, 16, 18, 19, 20]);
  expect(await listed({ since: "2026-01-31T12:00:00Z", limit: 2 }, undefined, log())).toMatchObject({ indexes: [2, 3], next: "4" });
  expect((await listed({ since: "2026-01-31T12:00:12Z" }, "3..14", log())).indexes).toEqual([12, 13, 14]);
  expect((await listed({ since: "2030-01-01" }, undefined, log())).indexes).toEqual([]);
  expect((await listed({ since: "2026-01-31" }, undefined, log())).text).toMatch(/INDEX +TERM +TIME +TYPE[^]* 2 +1 +2026-01-31T12:00:02.000Z +command[^]* 5 +1 +- +noop/);
});

test("values are asked for only when they are to be shown", async () => {
  const hidden = await listed({});
  expect(hidden.log.asked[0]!.content).toBe("sizes");
  const shown = await listed({ values: true });
  expect(shown.log.asked[0]!.content).toBe("values");
  expect(shown.text).toContain("= secret");
});

test("nothing is printed before a range that is not there is refused", async () => {
  const printed: string[] = [];
  await expect(inspectLog(new MadeUpLog(entries), await askedFor("99", {}), false, (text) => printed.push(text))).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(printed).toEqual([]);
});

test("asking for nothing is a mistake", async () => {
  await expect(askedFor(undefined, { last: 0 })).rejects.toMatchObject({ code: "USAGE" });
  await expect(askedFor(undefined, { limit: 0 })).rejects.toMatchObject({ code: "USAGE" });
});

test("statistics count everything, whatever the default limit is", async () => {
  const long = new MadeUpLog(Array.from({ length: 1_500 }, (_, place) => logEntry(place + 1)));
  const document = await inspectLog(long, await askedFor(undefined, { stats: true }), true, () => undefined);
  expect(document).toMatchObject({ entries: [], stats: { entries: 1_500, types: { noop: { entries: 1_500 } }, terms: [{ term: "1", firstIndex: "1", lastIndex: "1500", entries: 1_500 }] } });
});

test("damage behind the entries ends a listing with exit 13", () => {
  expect(damageFinding(new MadeUpLog(entries).header)).toBeUndefined();
  const { header } = new MadeUpLog(entries, { damage: { message: "x.wal is damaged at byte 7", file: "x.wal", offset: 7 } });
  expect(damageFinding(header)).toMatchObject({ code: "CORRUPT", exit: 13, message: "x.wal is damaged at byte 7", details: { file: "x.wal", offset: 7 } });
});

import { expect, test } from "vitest";
import { followLog, waitMs } from "../../../src/cli/inspect-log/follow.ts";
import { askedFor, type InspectionFlags } from "../../../src/cli/inspect-log/inspection.ts";
import { LiveLog } from "../../../src/cli/inspect-log/live-log.ts";
import type { Warning } from "../../../src/cli/envelope.ts";
import { logEntry } from "./logs.ts";
import { StandInNode } from "./stand-in-node.ts";

const ten = Array.from({ length: 10 }, (_, place) => logEntry(place + 1));

async function readAll(node: StandInNode): Promise<string[]> {
  const log = await LiveLog.open(node.client, () => undefined);
  const found: string[] = [];
  for await (const page of log.entries({ first: 1, last: log.header.lastIndex }, "sizes")) found.push(...page.map(({ index, term }) => `${index}@${term}`));
  return found;
}

test("pages follow one another to the end of the range", async () => {
  expect(await readAll(new StandInNode(ten))).toEqual(ten.map(({ index }) => `${index}@1`));
});

test("a log is never put together of two: entries that a new leader replaced between two pages end the reading (§5.3)", async () => {
  const node = new StandInNode(ten);
  node.onPage = ({ first }) => {
    if (first === 7) node.entries = ten.map((entry) => (entry.index >= 5 ? { ...entry, term: 2 } : entry));
  };
  await expect(readAll(node)).rejects.toMatchObject({ code: "BUSY", retryable: true, message: expect.stringContaining("entry 6 is no longer of term 1") });
});

test("what is appended while it is read is left out, what is truncated ends it", async () => {
  const growing = new StandInNode(ten);
  growing.onPage = () => growing.entries.push(logEntry(growing.entries.length + 1));
  expect(await readAll(growing)).toHaveLength(10);
  const shrinking = new StandInNode(ten);
  shrinking.onPage = ({ first }) => {
    if (first === 7) shrinking.entries = ten.slice(0, 6);
  };
  expect(await readAll(shrinking)).toHaveLength(6);
});

test("what is compacted while it is read is refused with where the log begins now", async () => {
  const node = new StandInNode(ten);
  node.onPage = ({ first }) => {
    if (first === 4) node.firstIndex = 6;
  };
  await expect(readAll(node)).rejects.toMatchObject({ code: "NOT_FOUND", message: "entries 4 to 5 of n1 were compacted into a snapshot: its log begins at index 6" });
});

interface Followed {
  readonly seen: string[];
  readonly warnings: Warning[];
}

async function follow(node: StandInNode, range: string | undefined, flags: InspectionFlags = {}): Promise<Followed> {
  const [seen, warnings]: [string[], Warning[]] = [[], []];
  const log = await LiveLog.open(node.client, () => undefined);
  await followLog(log, await askedFor(range, flags), { document: (entry) => seen.push(entry.committed === true ? entry.index : `${entry.index} before it is committed`), text: () => undefined, warn: (warning) => warnings.push(warning) });
  return { seen, warnings };
}

test("following shows entries as they are committed and each once, and waits at the node, for a bounded time", async () => {
  const node = new StandInNode(ten.map((entry) => ({ ...entry, committed: entry.index <= 4 ? true : null })));
  node.onPage = () => {
    const open = node.entries.findIndex(({ committed }) => committed === null);
    if (open >= 0 && node.asked.length > 2) node.entries[open] = { ...node.entries[open]!, committed: true };
  };
  expect((await follow(node, "2..8")).seen).toEqual(["2", "3", "4", "5", "6", "7", "8"]);
  expect(new Set(node.asked.map((asked) => asked.waitMs))).toEqual(new Set([waitMs]));
});

test("following since a time begins with the first entry of then or later, among those that are there", async () => {
  const node = new StandInNode(ten.map((entry) => ({ ...entry, time: Date.UTC(2026, 0, 1) + entry.index })));
  expect((await follow(node, "..9", { since: "2026-01-01T00:00:00.007Z" })).seen).toEqual(["7", "8", "9"]);
});

test("without a range following begins with what is committed next", async () => {
  const node = new StandInNode(ten);
  node.onPage = () => {
    if (node.asked.length > 4) throw new Error("the node is gone");
    node.entries.push(logEntry(node.entries.length + 1));
  };
  await expect(follow(node, undefined)).rejects.toThrow("the node is gone");
  expect(node.asked.map(({ first }) => first)).toEqual([11, 12, 13, 14, 15]);
});

test("following may begin with what is not there yet, and not with what is gone", async () => {
  const node = new StandInNode(ten);
  node.onPage = () => node.entries.push(logEntry(node.entries.length + 1));
  expect((await follow(node, "12..13")).seen).toEqual(["12", "13"]);
  node.firstIndex = 5;
  await expect(follow(node, "3..")).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("a follower that is too slow for compaction is told of the gap and goes on", async () => {
  const node = new StandInNode(ten);
  node.onPage = ({ first }) => {
    if (first === 4) node.firstIndex = 7;
  };
  expect(await follow(node, "1..10")).toEqual({ seen: ["1", "2", "3", "7", "8", "9", "10"], warnings: [{ code: "GAP", message: "entries 4 to 6 were compacted before they were read" }] });
});

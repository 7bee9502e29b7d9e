// What `trace INDEX` makes of the nodes' answers.

import { expect, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import { entryTraceDocument, entryTraceText, notRemembered, type TraceAnswer } from "../../src/cli/entry-trace.ts";
import { errorDocument } from "../../src/cli/envelope.ts";
import type { EntryTraceReport } from "../../src/wire/entry-trace.ts";

const n1: EntryTraceReport = {
  name: "n1", term: 7, firstRemembered: 1_201, lastIndex: 1_540,
  moments: {
    durableMs: 0.31, committedMs: 0.63, appliedMs: 0.9,
    members: [{ name: "n2", role: "voter", acknowledgedMs: 0.62 }, { name: "n3", role: "voter", acknowledgedMs: 8.21 }, { name: "n4", role: "learner", acknowledgedMs: null }],
  },
};
const n2: EntryTraceReport = { name: "n2", term: 7, firstRemembered: 900, lastIndex: 1_540, moments: { durableMs: 0.25, committedMs: 1.1, appliedMs: 1.4, members: null } };
const n3: EntryTraceReport = { name: "n3", term: null, firstRemembered: 1_000, lastIndex: 1_540, moments: { durableMs: 7.5, committedMs: 7.6, appliedMs: 7.9, members: null } };
const n4: TraceAnswer = { name: "n4", address: "10.0.0.4:7101", error: errorDocument(new RaftctlError("UNREACHABLE", "cannot connect")) };
const lines = (answers: readonly TraceAnswer[]): string[] => entryTraceText(1_300, answers).split("\n").map((line) => line.trimEnd());

test("the leader's view is a timeline with the straggler, each node's own a row, and whoever says nothing a line (N10)", () => {
  expect(lines([n1, n2, n3, n4])).toEqual([
    "entry 1300 of term 7, as n1 saw it, which led",
    "     AT  STEP          WHERE",
    "0.00 ms  appended      n1",
    "0.31 ms  durable       n1 (leader)   █",
    "0.62 ms  acknowledged  n2            ██",
    "0.63 ms  committed     a majority    ██",
    "0.90 ms  applied       n1            ███",
    "8.21 ms  acknowledged  n3 straggler  ████████████████████████",
    "      -  acknowledged  n4 (learner)",
    "straggler: n3, 7.58 ms behind the majority; from its log to its disk it took 7.50 ms there",
    "",
    "what each node remembers of itself, on its own clock",
    "NODE  APPENDED  DURABLE  COMMITTED  APPLIED",
    "n1     0.00 ms  0.31 ms    0.63 ms  0.90 ms",
    "n2     0.00 ms  0.25 ms    1.10 ms  1.40 ms",
    "n3     0.00 ms  7.50 ms    7.60 ms  7.90 ms",
    "",
    "n4 (10.0.0.4:7101): cannot connect",
  ]);
  expect(entryTraceDocument(1_300, [n1, n2, n3, n4])).toEqual({
    index: "1300", term: "7", leader: "n1", stragglers: ["n3"],
    nodes: [
      { name: "n1", term: "7", firstRemembered: "1201", lastIndex: "1540", moments: n1.moments }, expect.objectContaining({ name: "n2" }) as unknown,
      expect.objectContaining({ name: "n3", term: null }) as unknown, n4,
    ],
  });
});

test("who has not acknowledged is the straggler, the leader's own disk as well; who completed the majority is only the last (N10)", () => {
  const seen = (changes: Partial<NonNullable<EntryTraceReport["moments"]>>): TraceAnswer => ({ ...n1, moments: { ...n1.moments!, ...changes } });
  const acknowledged = (at2: number | null, at3: number | null) => ({ members: [{ name: "n2", role: "voter" as const, acknowledgedMs: at2 }, { name: "n3", role: "voter" as const, acknowledgedMs: at3 }] });
  expect(lines([seen(acknowledged(0.6, null))])).toContain("straggler: n3 has not acknowledged it");
  expect(lines([seen({ ...acknowledged(0.6, 0.7), durableMs: null, committedMs: 0.7 })])).toContain("straggler: n1 has not got it on disk");
  expect(lines([seen({ ...acknowledged(0.4, 0.63) })])).toContain("last: n3, which completed the majority");
  expect(entryTraceDocument(1, [seen({ members: [] })]).stragglers).toEqual([]);
});

test("without the one who led it the nodes' own moments are told; another entry, a log that ends before and a record that begins later are named (N10)", () => {
  const other: EntryTraceReport = { ...n2, name: "n5", term: 6 };
  const behind: EntryTraceReport = { name: "n6", term: null, firstRemembered: 9, lastIndex: 12, moments: null };
  const forgetful: EntryTraceReport = { name: "n7", term: 7, firstRemembered: 1_400, lastIndex: 1_540, moments: null };
  const fresh: EntryTraceReport = { name: "n8", term: 7, firstRemembered: 1_541, lastIndex: 1_540, moments: null };
  expect(lines([n2, other, behind, forgetful, fresh])).toEqual([
    "entry 1300 of term 7: whoever led it does not remember it, or does not answer",
    "",
    "what each node remembers of itself, on its own clock",
    "NODE  APPENDED  DURABLE  COMMITTED  APPLIED",
    "n2     0.00 ms  0.25 ms    1.10 ms  1.40 ms",
    "",
    "n5 has another entry there, of term 6",
    "n6 has no such entry: its log ends at 12",
    "n7 remembers from 1400 on (the last 141 entries)",
    "n8 has no moments yet",
  ]);
  expect(entryTraceDocument(1_300, [n2, other])).toMatchObject({ term: "7", leader: null, stragglers: [] });
});

test("an entry that nobody remembers is not found: the error says how far back each record reaches, or that there is no such entry yet (N10)", () => {
  const empty = (report: EntryTraceReport): EntryTraceReport => ({ ...report, moments: null });
  expect(notRemembered(1_300, [n1, empty(n2)])).toBeUndefined();
  expect(notRemembered(17, [empty(n1), empty(n2), n4])).toMatchObject({
    code: "NOT_FOUND", exit: 4, message: "no node remembers the moments of entry 17: n1 remembers from 1201 on (the last 340 entries), n2 remembers from 900 on (the last 641 entries)",
  });
  expect(notRemembered(9_999, [empty(n1), { ...empty(n2), lastIndex: 1_700 }])).toMatchObject({ code: "NOT_FOUND", message: "there is no entry 9999 yet: the log of n2 ends at 1700" });
});

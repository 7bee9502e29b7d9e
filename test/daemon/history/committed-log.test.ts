// Which entries of several logs count as committed: never one that another log has replaced, and all that follows by Log Matching from what is known.

import { expect, test } from "vitest";
import { committedLog, readPiece, type CommittedPosition } from "../../../src/daemon/history/committed-log.ts";
import type { LogEntry, LogHeader } from "../../../src/wire/log-inspection.ts";
import { logEntry, MadeUpLog } from "../../cli/inspect-log/logs.ts";

/** Entries from `first` on, one for each term. */
function log(node: string, first: number, terms: readonly number[], changes: Partial<LogHeader> = {}): MadeUpLog {
  const entries: LogEntry[] = terms.map((term, place) => logEntry(first + place, { term }));
  return new MadeUpLog(entries, { node, start: { index: first - 1, term: first === 1 ? 0 : 1 }, ...changes });
}

async function pieces(logs: readonly MadeUpLog[], states: readonly CommittedPosition[] = []): Promise<{ pieces: unknown; pending: unknown }> {
  const found = await committedLog(logs, states);
  const shown = (piece: { log: { header: LogHeader }; first: number; last: number }): unknown => [piece.log.header.node, piece.first, piece.last];
  return { pieces: found.pieces.map(shown), pending: found.pending && shown(found.pending) };
}

test("a log that agrees about the term at a committed index has committed everything up to there, and no more (§5.3)", async () => {
  const ahead = log("n1", 1, [1, 1, 2, 2, 2], { commitIndex: 4 });
  expect(await pieces([log("n2", 1, [1, 1, 2, 2, 2], { commitIndex: 1 })])).toEqual({ pieces: [["n2", 1, 1]], pending: ["n2", 2, 5] });
  expect(await pieces([log("n2", 1, [1, 1, 2, 2, 3], { commitIndex: 1 }), log("n1", 4, [2, 2], { commitIndex: 4, start: { index: 3, term: 2 } })])).toEqual({ pieces: [["n2", 1, 4]], pending: ["n2", 5, 5] });
  // Another leader's entries at 3 and 4: nothing of n2 behind 1 counts.
  expect(await pieces([log("n2", 1, [1, 1, 1, 1, 1], { commitIndex: 1 }), ahead])).toEqual({ pieces: [["n1", 1, 4]], pending: ["n1", 5, 5] });
});

test("a state makes known what a log did not know to be committed", async () => {
  const behind = log("n3", 1, [1, 1, 1, 2], { commitIndex: 0 });
  expect(await pieces([behind])).toEqual({ pieces: [], pending: ["n3", 1, 4] });
  expect(await pieces([behind], [{ name: "backup", index: 3, term: 1 }])).toEqual({ pieces: [["n3", 1, 3]], pending: ["n3", 4, 4] });
  expect(await pieces([behind], [{ name: "backup", index: 4, term: 1 }])).toEqual({ pieces: [], pending: ["n3", 1, 4] });
});

test("logs are chained where one ends and another goes on, with a gap where none does", async () => {
  const early = log("n1", 1, [1, 1, 1], { commitIndex: 3 });
  const late = log("n2", 3, [1, 1, 1], { commitIndex: 5 });
  const last = log("n3", 9, [1, 1], { commitIndex: 10 });
  const farthest = log("n4", 13, [1], { commitIndex: 13 });
  expect(await pieces([late, early, farthest, last])).toEqual({ pieces: [["n1", 1, 3], ["n2", 4, 5], ["n3", 9, 10], ["n4", 13, 13]], pending: undefined });
});

test("the end of a log that is behind another one is not even pending", async () => {
  expect(await pieces([log("n1", 1, [1, 1, 1], { commitIndex: 3 }), log("n2", 1, [1, 1, 1, 1, 1], { commitIndex: 1, lastIndex: 5 })])).toEqual({ pieces: [["n1", 1, 3]], pending: ["n2", 4, 5] });
  expect(await pieces([log("n1", 1, [1, 2, 2], { commitIndex: 3 }), log("n2", 1, [1, 1, 1, 1, 1], { commitIndex: 1 })])).toEqual({ pieces: [["n1", 1, 3]], pending: undefined });
});

test("logs and states that have committed different entries are no evidence for anything (exit 13)", async () => {
  await expect(pieces([log("n1", 1, [1, 1], { commitIndex: 2 }), log("n2", 1, [1, 2], { commitIndex: 2 })])).rejects.toMatchObject({ code: "CORRUPT", message: expect.stringContaining("n1 has committed term 1 at index 2, n2 term 2") });
  await expect(pieces([log("n1", 1, [1, 1], { commitIndex: 2 })], [{ name: "backup", index: 1, term: 3 }])).rejects.toMatchObject({ code: "CORRUPT" });
  await expect(pieces([log("n1", 4, [1, 1], { commitIndex: 4 })], [{ name: "backup", index: 3, term: 3 }])).rejects.toMatchObject({ message: expect.stringContaining("n1 has committed term 1 at index 3, backup term 3") });
});

test("of a piece only its entries are read, with as much of them as is asked for", async () => {
  const source = log("n1", 1, [1, 1, 1, 1, 1], { commitIndex: 5 });
  const indexes: number[] = [];
  for await (const { index } of readPiece({ log: source, first: 2, last: 4 }, "payload")) indexes.push(index);
  expect([indexes, source.asked.at(-1)]).toEqual([[2, 3, 4], { range: expect.objectContaining({ first: 2, last: 4 }), content: "payload" }]);
});

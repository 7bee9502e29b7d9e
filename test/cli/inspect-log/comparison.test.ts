import { expect, test } from "vitest";
import { compareLogs, type LogComparison } from "../../../src/cli/inspect-log/comparison.ts";
import type { EntryMark, NodeLog } from "../../../src/cli/inspect-log/node-log.ts";

/** "1 1 2 2": the terms of the entries behind `start`. */
function log(name: string, terms: string, changes: Partial<NodeLog> = {}): NodeLog {
  const start = changes.start ?? { index: 0, term: 0 };
  const entries = terms.split(" ").filter((term) => term !== "").map((term, place) => mark(start.index + 1 + place, Number(term)));
  return { name, commitIndex: 0, start, snapshots: [], entries, damage: null, ...changes };
}

function mark(index: number, term: number, crc = index * 100 + term): EntryMark {
  return { index, term, type: "command", bytes: 10, crc };
}

function verdictOf(...logs: readonly NodeLog[]): [LogComparison["verdict"], number | undefined] {
  const { verdict, firstDifference } = compareLogs(logs);
  // Who is compared with whom first does not matter.
  expect(compareLogs(logs.toReversed())).toMatchObject({ verdict, firstDifference: firstDifference === undefined ? undefined : { index: firstDifference.index } });
  return [verdict, firstDifference?.index];
}

test("logs that hold the same are identical, whatever each knows to be committed (N2)", () => {
  expect(verdictOf(log("a", "1 1 2", { commitIndex: 3 }), log("b", "1 1 2", { commitIndex: 1 }), log("c", "1 1 2"))).toEqual(["identical", undefined]);
  expect(verdictOf(log("a", ""), log("b", ""))).toEqual(["identical", undefined]);
});

test("a log that ends earlier has a missing tail", () => {
  expect(verdictOf(log("a", "1 1 2 2", { commitIndex: 4 }), log("b", "1 1 2", { commitIndex: 3 }))).toEqual(["missing-tail", 4]);
  expect(verdictOf(log("a", "1 1", { commitIndex: 2 }), log("b", ""))).toEqual(["missing-tail", 1]);
});

test("different entries that not both have committed are legal (§5.3, Figure 7)", () => {
  expect(verdictOf(log("a", "1 1 2 2", { commitIndex: 4 }), log("b", "1 1 3", { commitIndex: 2 }))).toEqual(["uncommitted-divergence", 3]);
  expect(verdictOf(log("a", "1 1 2"), log("b", "1 1 3"))).toEqual(["uncommitted-divergence", 3]);
  // Figure 7: what followers may look like when the leader of term 8 comes to power.
  const followers = ["1 1 1 4 4 5 5 6 6", "1 1 1 4", "1 1 1 4 4 5 5 6 6 6 6", "1 1 1 4 4 5 5 6 6 6 7 7", "1 1 1 4 4 4 4", "1 1 1 2 2 2 3 3 3 3 3"];
  const logs = [log("leader", "1 1 1 4 4 5 5 6 6 6", { commitIndex: 3 }), ...followers.map((terms, place) => log(`f${place}`, terms, { commitIndex: 3 }))];
  expect(verdictOf(...logs)).toEqual(["uncommitted-divergence", 4]);
});

test("a committed entry of a lower term than an uncommitted one at its index is legal (Figure 8)", () => {
  expect(verdictOf(log("a", "1 2 4", { commitIndex: 3 }), log("b", "1 3", { commitIndex: 1 }))).toEqual(["uncommitted-divergence", 2]);
});

test("different entries that both have committed must never be (§5.4, S103)", () => {
  expect(verdictOf(log("a", "1 1 2 2", { commitIndex: 4 }), log("b", "1 1 3 3", { commitIndex: 3 }))).toEqual(["committed-divergence", 3]);
  expect(verdictOf(log("a", "1 1 2", { commitIndex: 3 }), log("b", "1 1 2", { commitIndex: 3, entries: [mark(1, 1), mark(2, 1, 999), mark(3, 2)] }))).toEqual(["committed-divergence", 2]);
});

test("one index and term with different content, or a difference before an index that is alike, must never be (§5.3)", () => {
  for (const change of [{ crc: 7 }, { bytes: 11 }, { type: "noop" }]) {
    expect(verdictOf(log("a", "1 1"), log("b", "1 1", { entries: [mark(1, 1), { ...mark(2, 1), ...change }] })), JSON.stringify(change)).toEqual(["log-matching-violation", 2]);
  }
  expect(verdictOf(log("a", "1 2 4"), log("b", "1 3 4"))).toEqual(["log-matching-violation", 2]);
});

test("damage outweighs what is legal and hides nothing that is not", () => {
  const damaged = log("b", "1 1", { damage: "x.wal is damaged at byte 7" });
  expect(verdictOf(log("a", "1 1 2"), damaged)).toEqual(["damage", undefined]);
  expect(verdictOf(log("a", "1 2 2", { commitIndex: 2 }), { ...damaged, commitIndex: 2 })[0]).toBe("committed-divergence");
  expect(compareLogs([damaged]).verdict).toBe("damage");
});

test("what is compacted in one log is compared where both hold something, and its end with the entry there", () => {
  const whole = log("a", "1 1 2 2 3", { commitIndex: 5 });
  expect(verdictOf(whole, log("b", "2 3", { start: { index: 3, term: 2 }, commitIndex: 5 }))).toEqual(["identical", undefined]);
  expect(verdictOf(whole, log("b", "2 3", { start: { index: 3, term: null }, commitIndex: 5 }))).toEqual(["identical", undefined]);
  expect(verdictOf(whole, log("b", "", { start: { index: 4, term: 3 }, commitIndex: 4 }))).toEqual(["committed-divergence", 4]);
  expect(verdictOf({ ...whole, commitIndex: 2 }, log("b", "", { start: { index: 4, term: 3 }, commitIndex: 4 }))).toEqual(["uncommitted-divergence", 4]);
  expect(compareLogs([log("a", "1 1"), log("b", "3", { start: { index: 8, term: 3 } })]).pairs[0]).toMatchObject({ compared: undefined, verdict: "missing-tail", differsAt: 3 });
});

test("snapshots of one index are compared by term and digest, those of different indexes and unknown digests are not", () => {
  const at = (index: number, digest: string | null, term = 2): Partial<NodeLog> => ({ snapshots: [{ index, term, digest }], commitIndex: 3 });
  expect(verdictOf(log("a", "1 1 2", at(3, "aa")), log("b", "1 1 2", at(3, "aa")))).toEqual(["identical", undefined]);
  expect(verdictOf(log("a", "1 1 2", at(3, "aa")), log("b", "1 1 2", at(3, "bb")))).toEqual(["committed-divergence", 3]);
  expect(verdictOf(log("a", "1 1 2", at(3, "aa")), log("b", "1 1 2", at(3, "aa", 1)))).toEqual(["committed-divergence", 3]);
  expect(verdictOf(log("a", "1 1 2", at(3, "aa")), log("b", "1 1 2", at(3, null)))).toEqual(["identical", undefined]);
  expect(verdictOf(log("a", "1 1 2", at(3, "aa")), log("b", "1 1 2", at(2, "bb", 1)))).toEqual(["identical", undefined]);
});

test("the first difference names who holds what, who is in the majority, and who knows it to be committed", () => {
  const { firstDifference, pairs } = compareLogs([log("a", "1 2", { commitIndex: 2 }), log("b", "1 3"), log("c", "1 2", { commitIndex: 1 })]);
  expect(firstDifference).toEqual({ index: 2, held: [{ entry: mark(2, 2), nodes: ["a", "c"] }, { entry: mark(2, 3), nodes: ["b"] }], majority: ["a", "c"], committedOn: ["a"] });
  expect(pairs.map(({ left, right, verdict }) => [left, right, verdict])).toEqual([["a", "b", "uncommitted-divergence"], ["a", "c", "identical"], ["b", "c", "uncommitted-divergence"]]);
  expect(compareLogs([log("a", "1 2"), log("b", "1"), log("c", "1")]).firstDifference).toMatchObject({ held: [{ entry: undefined, nodes: ["b", "c"] }, { nodes: ["a"] }], majority: [] });
});

test("half of them is no majority: of two that differ, and of two against two, nobody is called right", () => {
  expect(compareLogs([log("a", "1 2"), log("b", "1 3")]).firstDifference).toMatchObject({ index: 2, majority: [] });
  expect(compareLogs([log("a", "1 2"), log("b", "1 3"), log("c", "1 2"), log("d", "1 3")]).firstDifference).toMatchObject({ index: 2, majority: [] });
});

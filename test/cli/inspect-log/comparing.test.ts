import { expect, test } from "vitest";
import { RaftctlError } from "../../../src/base/errors.ts";
import { comparisonDocument, comparisonFinding } from "../../../src/cli/inspect-log/comparison-document.ts";
import { comparisonText } from "../../../src/cli/inspect-log/comparison-text.ts";
import { compareSources, openForComparison } from "../../../src/cli/inspect-log/comparing.ts";
import { LiveLog } from "../../../src/cli/inspect-log/live-log.ts";
import { logEntry, MadeUpLog, putEntry } from "./logs.ts";
import { StandInNode } from "./stand-in-node.ts";

const entries = [logEntry(1), putEntry(2, "a", "v", { crc: 2 }), putEntry(3, "b", "v", { crc: 3 })];

test("a difference is shown with what each side holds there, and ends with its exit code (N2)", async () => {
  const other = new MadeUpLog([...entries.slice(0, 2), putEntry(3, "c", "v", { term: 2, crc: 9, committed: null })], { node: "n2", commitIndex: 2 });
  const compared = await compareSources([new MadeUpLog(entries, { commitIndex: 3 }), other], undefined);
  const document = comparisonDocument(compared);
  expect(document).toMatchObject({
    verdict: "uncommitted-divergence", pairs: [{ left: "n1", right: "n2", compared: { firstIndex: "1", lastIndex: "3" }, differsAt: "3" }],
    firstDifference: { index: "3", committedOn: ["n1"], majority: [], held: [{ nodes: ["n1"], term: "1", entry: { command: { key: "b" } } }, { nodes: ["n2"], term: "2", entry: { command: { key: "c" } } }] },
  });
  expect(comparisonFinding(document)).toMatchObject({ code: "DIFFERENT", exit: 12 });
  for (const part of ["n1 / n2", "put b", "put c", "known to be committed by: n1", "uncommitted-divergence"]) expect(comparisonText(compared)).toContain(part);
});

test("logs that agree have no finding; those that both committed something else, or cannot be read, end with 13", async () => {
  const same = comparisonDocument(await compareSources([new MadeUpLog(entries), new MadeUpLog(entries, { node: "n2" })], undefined));
  expect([same.verdict, comparisonFinding(same)]).toEqual(["identical", undefined]);
  const changed = new MadeUpLog([...entries.slice(0, 2), putEntry(3, "b", "v", { term: 2 })], { node: "n2", commitIndex: 3 });
  expect(comparisonFinding(comparisonDocument(await compareSources([new MadeUpLog(entries, { commitIndex: 3 }), changed], undefined)))).toMatchObject({ code: "CORRUPT", exit: 13, message: expect.stringContaining("committed-divergence, first at index 3") });
  const damaged = await openForComparison("/data/n2", async () => { throw new RaftctlError("CORRUPT", "identity is damaged"); });
  const withDamage = await compareSources([new MadeUpLog(entries), damaged], undefined);
  expect(comparisonFinding(comparisonDocument(withDamage))).toMatchObject({ code: "CORRUPT", message: "the log of /data/n2 cannot be read: identity is damaged" });
  expect(comparisonText(withDamage)).toContain("/data/n2: identity is damaged");
});

test("with --from, what lies before is not compared", async () => {
  const other = new MadeUpLog([putEntry(1, "x", "v", { crc: 77 }), ...entries.slice(1)], { node: "n2" });
  expect((await compareSources([new MadeUpLog(entries), other], undefined)).comparison.verdict).toBe("log-matching-violation");
  expect((await compareSources([new MadeUpLog(entries), other], 2)).comparison).toMatchObject({ verdict: "identical", pairs: [{ compared: { first: 2, last: 3 } }] });
  expect((await compareSources([new MadeUpLog(entries), other], 99)).comparison.verdict).toBe("identical");
});

test("an end that is replaced while it is read is read again, and a beginning that is compacted left out", async () => {
  const node = new StandInNode([...entries, putEntry(4, "d", "v", { crc: 4 })]);
  node.pageMax = 1;
  let replaced = false;
  node.onPage = ({ first }) => {
    if (first !== 4 || replaced) return;
    replaced = true;
    node.entries = [...entries.slice(0, 2), putEntry(3, "b", "v", { term: 2, crc: 5 }), putEntry(4, "d", "v", { term: 2, crc: 6 })];
  };
  const live = await LiveLog.open(node.client, () => undefined);
  const { comparison } = await compareSources([live, new MadeUpLog(node.entries, { node: "n2" }), new MadeUpLog(entries, { node: "n3" })], undefined);
  expect(comparison.pairs.map(({ left, right, verdict }) => [left, right, verdict])).toEqual([["n1", "n2", "uncommitted-divergence"], ["n1", "n3", "identical"], ["n2", "n3", "uncommitted-divergence"]].map(([left, right]) => [left, right, expect.any(String)]));
  expect(comparison.pairs[1]).toMatchObject({ verdict: "uncommitted-divergence", differsAt: 3 });
  const purging = new StandInNode(entries);
  purging.pageMax = 1;
  purging.onPage = ({ first }) => {
    if (first === 2) purging.firstIndex = 3;
  };
  const late = await compareSources([await LiveLog.open(purging.client, () => undefined), new MadeUpLog(entries, { node: "n2" })], undefined);
  expect(late.comparison).toMatchObject({ verdict: "identical", pairs: [{ compared: { first: 3, last: 3 } }] });
});

test("an end that is replaced again and again ends the comparison, and so does a place where there is no node", async () => {
  const node = new StandInNode(entries);
  node.pageMax = 1;
  let term = 1;
  node.onPage = ({ first }) => {
    if (first === 2) node.entries = entries.map((entry) => ({ ...entry, term: (term += 1) }));
  };
  const live = await LiveLog.open(node.client, () => undefined);
  await expect(compareSources([live, new MadeUpLog(entries, { node: "n2" })], undefined)).rejects.toMatchObject({ code: "BUSY" });
  await expect(openForComparison("/data/n2", async () => { throw new RaftctlError("NOT_INITIALIZED", "/data/n2 holds no node"); })).rejects.toMatchObject({ code: "NOT_INITIALIZED" });
});

test("logs of two clusters, and fewer than two logs, are refused", async () => {
  const foreign = new MadeUpLog(entries, { node: "x1", clusterId: "ffffffffffffffffffffffffffffffff" });
  await expect(compareSources([new MadeUpLog(entries), foreign], undefined)).rejects.toMatchObject({ code: "CLUSTER_MISMATCH", exit: 8 });
  await expect(compareSources([new MadeUpLog(entries)], undefined)).rejects.toMatchObject({ code: "USAGE", exit: 2 });
});

test("a node and its own directory are told apart by name", async () => {
  const { logs } = await compareSources([new MadeUpLog(entries, { source: "live" }), new MadeUpLog(entries), new MadeUpLog(entries, { node: "n2" })], undefined);
  expect(logs.map(({ name }) => name)).toEqual(["n1 (running)", "n1 (/data/n1)", "n2"]);
});

test("what was compacted or replaced after it was compared is shown by its term alone, and every other failure ends the comparison", async () => {
  const later = [...entries.slice(0, 2), putEntry(3, "c", "v", { term: 2, crc: 9, committed: null })];
  const gone = (code: "NOT_FOUND" | "BUSY" | "UNREACHABLE"): MadeUpLog => {
    const log = new MadeUpLog(later, { node: "n2", commitIndex: 2 });
    const read = log.entries.bind(log);
    log.entries = (range, content) => {
      if (range.first === range.last) throw new RaftctlError(code, "it is not there any more");
      return read(range, content);
    };
    return log;
  };
  for (const code of ["NOT_FOUND", "BUSY"] as const) {
    const compared = await compareSources([new MadeUpLog(entries, { commitIndex: 3 }), gone(code)], undefined);
    expect([compared.comparison.verdict, [...compared.entries.keys()]]).toEqual(["uncommitted-divergence", ["n1"]]);
    expect(comparisonDocument(compared).firstDifference?.held).toMatchObject([{ nodes: ["n1"], term: "1" }, { nodes: ["n2"], term: "2" }]);
    expect(comparisonText(compared)).toContain("uncommitted-divergence");
  }
  await expect(compareSources([new MadeUpLog(entries, { commitIndex: 3 }), gone("UNREACHABLE")], undefined)).rejects.toMatchObject({ code: "UNREACHABLE" });
});

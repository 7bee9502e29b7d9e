// Logs of clusters that have lived through cut links, lost messages, elections, crashes and membership changes: whatever is legal is never called a fault,
// and a fault that is planted in one of them is.

import { expect, test } from "vitest";
import { crc32 } from "../../../src/base/crc.ts";
import { compareLogs } from "../../../src/cli/inspect-log/comparison.ts";
import type { NodeLog, Verdict } from "../../../src/cli/inspect-log/node-log.ts";
import { History } from "../../daemon/recovery/histories.ts";
import type { Server } from "../../raft/harness/server.ts";

const legal: readonly Verdict[] = ["identical", "missing-tail", "uncommitted-divergence"];

/** @param begin what lies at or below it was compacted. */
function nodeLog({ name, disk: { entries, hardState } }: Server, begin: number): NodeLog {
  const kept = entries.filter(({ index }) => index > begin);
  return {
    name, commitIndex: Math.min(hardState.commitIndex, entries.at(-1)?.index ?? 0), snapshots: [], damage: null,
    start: { index: begin, term: begin === 0 ? 0 : entries[begin - 1]!.term },
    entries: kept.map(({ index, term, type, data }) => ({ index, term, type: String(type), bytes: data.length, crc: crc32(data) })),
  };
}

function logsOf(seed: number): NodeLog[] {
  const history = new History(seed, 3 + (seed % 2) * 2);
  history.live(70);
  return [...history.cluster.servers.values()].map((server, place) => nodeLog(server, Math.min(server.disk.hardState.commitIndex, (seed * (place + 3)) % 7)));
}

test("a legal history never comes to a verdict of 13, and its logs come to all the others (N2, §5.3, §5.4)", () => {
  const seen = new Map<Verdict, number>();
  for (let seed = 1; seed <= 250; seed += 1) {
    const { verdict, firstDifference } = compareLogs(logsOf(seed));
    expect(legal, `seed ${seed} at index ${firstDifference?.index}`).toContain(verdict);
    seen.set(verdict, (seen.get(verdict) ?? 0) + 1);
  }
  for (const verdict of ["missing-tail", "uncommitted-divergence"] as const) expect(seen.get(verdict), verdict).toBeGreaterThan(5);
});

test("a committed entry that was changed on one node is found, at its index, and the others are the majority", () => {
  let planted = 0;
  for (let seed = 1; seed <= 100; seed += 1) {
    const logs = logsOf(seed);
    const [left, right] = logs.filter(({ commitIndex }) => commitIndex > 0).toSorted((one, other) => other.commitIndex - one.commitIndex);
    if (left === undefined || right === undefined) continue;
    const index = Math.max(left.start.index, right.start.index) + 1;
    if (index > right.commitIndex) continue;
    planted += 1;
    const changed = { ...right, entries: right.entries.map((entry) => (entry.index === index ? { ...entry, crc: entry.crc ^ 1 } : entry)) };
    const { verdict, firstDifference, pairs } = compareLogs(logs.map((log) => (log === right ? changed : log)));
    expect(verdict, `seed ${seed}`).toBe("committed-divergence");
    expect(firstDifference!.index).toBeLessThanOrEqual(index);
    expect(pairs.find((pair) => [pair.left, pair.right].includes(left.name) && [pair.left, pair.right].includes(right.name))).toMatchObject({ verdict: "committed-divergence", differsAt: index });
  }
  expect(planted).toBeGreaterThan(50);
});

// Logs that are broken on purpose: in one entry on which they agree, and what has to be said of them.

import { expect, test } from "vitest";
import { Prng } from "../../../src/base/prng.ts";
import type { NodeLog, Verdict } from "../../../src/cli/inspect-log/node-log.ts";
import { plantDivergence } from "./planted-divergence.ts";

function log(name: string, terms: readonly number[], changes: Partial<NodeLog> = {}): NodeLog {
  const start = changes.start ?? { index: 0, term: 0 };
  const entries = terms.map((term, place) => ({ index: start.index + place + 1, term, type: "1", bytes: 3, crc: 7 }));
  return { name, commitIndex: 0, start, snapshots: [], entries, damage: null, ...changes };
}

/** Every index at which something was planted, and what has to be said of it. */
function drawn(logs: readonly NodeLog[]): Map<number, Set<Verdict>> {
  const found = new Map<number, Set<Verdict>>();
  for (let seed = 1; seed <= 200; seed += 1) {
    const planted = plantDivergence(logs, new Prng(seed));
    if (planted === undefined) continue;
    const { left, right, expected: { verdict, differsAt } } = planted;
    const original = logs.find(({ name }) => name === right.name)!;
    expect(right.entries.filter((entry, place) => entry !== original.entries[place]).map(({ index }) => index)).toEqual([differsAt]);
    expect(logs).toContain(left);
    found.set(differsAt!, (found.get(differsAt!) ?? new Set()).add(verdict));
  }
  return new Map([...found].toSorted(([one], [other]) => one - other));
}

test("it is planted only where both agree, and is committed divergence where both know of a commit (§5.4)", () => {
  expect(drawn([log("a", [1, 1, 1, 2], { commitIndex: 2 }), log("b", [1, 1, 1, 3, 3], { commitIndex: 3 })])).toEqual(new Map([
    [1, new Set(["committed-divergence"])], [2, new Set(["committed-divergence"])], [3, new Set(["log-matching-violation"])],
  ]));
});

test("where a log begins behind a snapshot, another term there is what differs: illegal when entries behind it agree (§5.3, §7)", () => {
  const compacted = log("a", [1], { start: { index: 2, term: 1 }, commitIndex: 2 });
  expect(drawn([compacted, log("b", [1, 1], { commitIndex: 1 })])).toEqual(new Map([[2, new Set(["uncommitted-divergence"])]]));
  expect(drawn([compacted, log("b", [1, 1, 1], { commitIndex: 1 })]).get(2)).toEqual(new Set(["log-matching-violation"]));
  expect(drawn([compacted, log("b", [1, 1], { commitIndex: 2 })]).get(2)).toEqual(new Set(["committed-divergence"]));
});

test("nothing is planted in a damaged log, in one log alone, and where two have nothing in common", () => {
  expect(drawn([log("a", [1, 1])]).size).toBe(0);
  expect(drawn([log("a", [1]), log("b", [2])]).size).toBe(0);
  expect(drawn([log("a", [1]), log("b", [1], { damage: "cut" })]).size).toBe(0);
  expect(drawn([]).size).toBe(0);
});

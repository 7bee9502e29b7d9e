// Who founds the cluster: the decisions alone, over many schedules with losses, crashes and partitions, and one by one.

import { expect, test } from "vitest";
import type { ClusterId, NodeId } from "../../../src/base/ids.ts";
import { nextStep, voteWhenAsked, type Finding, type FormingSelf } from "../../../src/daemon/formation/rules.ts";
import { Schedule } from "./schedule.ts";

const id = (number: number): NodeId => String(number) as NodeId;
const self = (number: number, expect_: number, vote?: number): FormingSelf =>
  ({ nodeId: id(number), expect: expect_, vote: vote === undefined ? undefined : id(vote), join: "auto" });
const own: Finding = { address: "own:1", kind: "self" };
const forming = (number: number, vote?: number, address = `h${number}:1`): Finding =>
  ({ address, kind: "forming", nodeId: id(number), name: `n${number}`, vote: vote === undefined ? undefined : id(vote) });
const silent = (address: string): Finding => ({ address, kind: "silent", reason: "no answer" });
const member = (cluster: string, incarnation = 1): Finding => ({ address: `m${incarnation}:1`, kind: "member", name: "m", cluster: { id: cluster as ClusterId, incarnation } });

const sizes = [[1, 1], [2, 2], [3, 3], [5, 5], [3, 2], [4, 2], [5, 3], [6, 3], [7, 3], [7, 2]] as const;

for (const [nodes, expected] of sizes) {
  test(`of ${nodes} nodes that expect ${expected} never two found, and all belong to one cluster once they can talk (S71, 500 schedules)`, () => {
    let moved = 0;
    for (let seed = 1; seed <= 500; seed += 1) {
      const schedule = new Schedule({ seed: seed * 7_919 + nodes * 31 + expected, nodes, expect: expected });
      schedule.chaos(40 * nodes + (seed % 400));
      expect(schedule.founders.length, `seed ${seed}`).toBeLessThanOrEqual(1);
      expect(schedule.calm(4_000 * nodes), `seed ${seed} does not form`).toBe(true);
      expect(schedule.founders, `seed ${seed}`).toHaveLength(1);
      expect(new Set(schedule.nodes.map(({ cluster }) => cluster)).size).toBe(1);
      moved += schedule.moved;
    }
    // Votes that were split are what this is about.
    if (nodes > expected && expected > 1) expect(moved).toBeGreaterThan(10);
  });
}

test("nobody votes before as many nodes are in sight as are expected (S71)", () => {
  expect(nextStep(self(1, 3), [own, forming(2), silent("h3:1")])).toEqual({ kind: "wait" });
  expect(nextStep(self(1, 3), [own, forming(2), forming(2, undefined, "other-name:1")])).toEqual({ kind: "wait" });
  expect(nextStep(self(1, 3), [own, forming(2), forming(3)])).toEqual({ kind: "vote", candidate: "1" });
});

test("the lowest id is voted for, as a number", () => {
  expect(nextStep(self(20, 3), [own, forming(9), forming(100)])).toEqual({ kind: "vote", candidate: "9" });
});

test("whoever votes for another one has withdrawn and is not voted for", () => {
  expect(nextStep(self(3, 3), [own, forming(1, 2), forming(2)])).toEqual({ kind: "vote", candidate: "2" });
});

test("a node founds with the votes of as many as are expected, its own included, and not with fewer", () => {
  expect(nextStep(self(1, 3, 1), [own, forming(2, 1), forming(3, 1)])).toEqual({ kind: "found" });
  expect(nextStep(self(1, 3, 1), [own, forming(2, 1), forming(3)])).toEqual({ kind: "wait" });
  expect(nextStep(self(1, 3), [own, forming(2, 1), forming(3, 1)])).toEqual({ kind: "vote", candidate: "1" });
  expect(nextStep(self(1, 3, 1), [own, forming(2, 1), forming(2, 1, "other-name:1")])).toEqual({ kind: "wait" });
});

test("enough votes do not count at half of the addresses or fewer: the other half may do the same (S71)", () => {
  expect(nextStep(self(1, 2, 1), [own, forming(2, 1), silent("h3:1"), silent("h4:1")])).toEqual({ kind: "wait" });
  expect(nextStep(self(1, 2, 1), [own, forming(2, 1), silent("h3:1")])).toEqual({ kind: "found" });
});

test("a candidate that sees a lower one withdraws for it, and for nobody else", () => {
  expect(nextStep(self(2, 2, 2), [own, forming(1), forming(3, 2), silent("h4:1")])).toEqual({ kind: "vote", candidate: "1" });
  expect(nextStep(self(2, 2, 2), [own, forming(3), silent("h4:1"), silent("h5:1")])).toEqual({ kind: "wait" });
});

test("a vote leaves its candidate only when that one has said that it votes for another", () => {
  expect(nextStep(self(3, 2, 2), [own, forming(1), forming(2, 2), silent("h4:1")])).toEqual({ kind: "wait" });
  expect(nextStep(self(3, 2, 2), [own, forming(1), silent("h2:1"), silent("h4:1")])).toEqual({ kind: "wait" });
  expect(nextStep(self(3, 2, 2), [own, forming(1), forming(2, 1), silent("h4:1")])).toEqual({ kind: "vote", candidate: "1" });
});

test("a node that has voted for another never votes for itself, nor founds with the votes of others", () => {
  expect(nextStep(self(1, 2, 2), [own, forming(2, 3), forming(4, 1), forming(5, 1)])).toEqual({ kind: "wait" });
  expect(nextStep(self(1, 2, 2), [own, forming(2, 3), forming(3, 3)])).toEqual({ kind: "vote", candidate: "3" });
});

test("a cluster that is there is joined, its members asked first, as its latest incarnation (S71)", () => {
  expect(nextStep(self(1, 3), [own, forming(2), member("c")])).toEqual({ kind: "join", cluster: { id: "c", incarnation: 1 }, seeds: ["m1:1", "h2:1"] });
  expect(nextStep(self(1, 3, 1), [own, member("c", 2), member("c", 1), forming(2, 1), forming(3, 1)])).toMatchObject({ kind: "join", cluster: { incarnation: 2 } });
});

test("two clusters behind one source are left alone", () => {
  expect(nextStep(self(1, 3), [own, member("c"), member("d", 2)])).toEqual({ kind: "wait" });
  expect(nextStep(self(1, 3), [own, forming(2), forming(3), member("c"), member("d", 2)])).toEqual({ kind: "wait" });
  expect(nextStep(self(1, 3, 1), [own, forming(2, 1), forming(3, 1), member("c"), member("d", 2)])).toEqual({ kind: "wait" });
});

test("with discovery.join never only a cluster is joined that this node may have voted for", () => {
  expect(nextStep({ ...self(1, 3), join: "never" }, [own, member("c")])).toEqual({ kind: "wait" });
  expect(nextStep({ ...self(1, 3), join: "never" }, [own, forming(2), forming(3), member("c")])).toEqual({ kind: "wait" });
  expect(nextStep({ ...self(1, 3, 2), join: "never" }, [own, member("c")])).toMatchObject({ kind: "join" });
});

test("a candidate gets a vote by asking when it has the lower id and sees enough nodes", () => {
  expect(voteWhenAsked(self(2, 3), { nodeId: id(1), vote: id(1), found: 3 })).toBe("1");
  expect(voteWhenAsked(self(2, 3, 2), { nodeId: id(1), vote: id(1), found: 3 })).toBe("1");
  expect(voteWhenAsked(self(1, 3), { nodeId: id(2), vote: id(1), found: 3 })).toBe("1");
  for (const asker of [{ nodeId: id(1), vote: id(1), found: 2 }, { nodeId: id(1), vote: undefined, found: 3 }, { nodeId: id(3), vote: id(3), found: 3 }, { nodeId: id(3), vote: id(1), found: 3 }]) {
    expect(voteWhenAsked(self(2, 3), asker), JSON.stringify(asker)).toBeUndefined();
  }
  expect(voteWhenAsked(self(3, 3, 2), { nodeId: id(1), vote: id(1), found: 3 })).toBeUndefined();
  expect(voteWhenAsked(self(1, 3, 2), { nodeId: id(3), vote: id(1), found: 3 })).toBeUndefined();
});

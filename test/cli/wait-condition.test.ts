import { expect, test } from "vitest";
import { parseCondition } from "../../src/cli/wait-condition.ts";
import type { Observation } from "../../src/cli/wait-condition.ts";
import { FakeDaemon } from "../client/fake-daemon.ts";

function observe(): Observation {
  const { status, health } = new FakeDaemon();
  return { status, health, region: "global" };
}

test.each([
  ["voters=3", undefined],
  ["voters!=3", "voters is 3"],
  ["members>=4", "members is 3"],
  ["learners=0", undefined],
  ["lag<1", undefined],
  ["applied=1042", undefined],
  ["applied=1000", undefined],
  ["applied=1043", "applied is 1042"],
  ["commit>1042", "commit is 1042"],
  ["term<=7", undefined],
  ["term=6", undefined],
  ["tolerance>=2", "tolerance is 1"],
  ["leader", undefined],
  ["healthy", undefined],
])("%s: %s", (text, unmet) => {
  expect(parseCondition(text).unmet(observe())).toBe(unmet);
});

test("a failed check is named with its detail", () => {
  const observation = observe();
  const sick = { ...observation, health: { healthy: false, live: true, ready: true, checks: [{ name: "disk", ok: false, detail: "96% full" }] } };
  expect(parseCondition("healthy").unmet(sick)).toBe("disk: 96% full");
  expect(parseCondition("ready").unmet(sick)).toBeUndefined();
});

test("a region that the node does not have meets nothing", () => {
  expect(parseCondition("leader").unmet({ ...observe(), region: "eu" })).toBe("node n1 has no region eu");
});

test.each(["", "leader=1", "voters", "voters=", "voters=-1", "voters==3", "constructor", "voters=3.5"])("%j is not a condition", (text) => {
  expect(() => parseCondition(text)).toThrow("not a condition");
});

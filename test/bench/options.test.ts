import { expect, test } from "vitest";
import { findEtcd } from "./etcd-target.ts";
import { parseOptions, usage } from "./options.ts";
import { fullScale, quickScale } from "./scale.ts";
import { suites } from "./suites/all.ts";

test("without options every suite but the long ones runs five times, with etcd where it is installed", () => {
  const { suites: chosen, rounds, scale, etcd } = parseOptions([])!;
  expect(chosen.map(({ name }) => name)).toEqual(suites.map(({ name }) => name).filter((name) => name !== "endurance"));
  expect([rounds, scale, etcd]).toEqual([5, fullScale, "auto"]);
});

test("a quick run does little of everything once; a long suite runs when it is named", () => {
  expect(parseOptions(["--quick"])).toMatchObject({ rounds: 1, scale: quickScale });
  const { suites: chosen, scale } = parseOptions(["--suite", "endurance,puts", "--minutes", "2", "--seconds", "0.5"])!;
  expect(chosen.map(({ name }) => name)).toEqual(["endurance", "puts"]);
  expect(scale).toEqual({ ...fullScale, enduranceMinutes: 2, seconds: 0.5 });
});

test.each([
  [["--suite", "putz"], "--suite putz: there is no such suite (puts, "],
  [["--rounds", "1.5"], "--rounds 1.5: want a whole number above 0"],
  [["--seconds", "0"], "--seconds 0: want a number above 0"],
  [["--fast"], "--fast"],
])("%j is refused before anything is started", (args, message) => {
  expect(() => parseOptions(args)).toThrow(message);
});

test("the usage names every suite; ids of figures are unique, and each goal is one of the table", () => {
  const steps = suites.flatMap((suite) => suite.steps(fullScale));
  const ids = steps.flatMap(({ figures }) => figures.map(({ id }) => id));
  expect(new Set(ids).size).toBe(ids.length);
  for (const { name } of suites) expect(usage).toContain(`\n  ${name} `);
  expect(parseOptions(["--help"])).toBeUndefined();
  const goals = Object.fromEntries(steps.flatMap(({ figures }) => figures).flatMap(({ id, goal }) => (goal === undefined ? [] : [[id, `${goal.wants} ${goal.value}`]])));
  expect(goals).toEqual({
    "puts.1.rate": "at least 1.3", "puts.8.rate": "at least 2", "puts.64.rate": "at least 4", "puts.256.rate": "at least 6", "puts.1000.rate": "at least 7",
    "puts.1.p50": "at most 0.75", "puts.64.p50": "at most 0.3", "puts.256.p50": "at most 0.3", "puts.1000.p50": "at most 0.3",
    "puts.1.p99": "at most 0.6", "puts.8.p99": "at most 0.6", "puts.64.p99": "at most 0.6", "puts.256.p99": "at most 0.6", "puts.1000.p99": "at most 0.6",
    "puts.256.cpu": "at most 0.25", "gets.1.rate": "at least 2", "gets.8.rate": "at least 2.5", "gets.64.rate": "at least 5", "gets.1000.rate": "at least 10",
    "gets-all.1000.rate": "at least 10", "stale.64.rate": "at least 6", "stale.1000.rate": "at least 12", "mixed.256.rate": "at least 6", "connections.rate": "at least 2",
    "large-values.mib": "at least 1.5", "restart.ms": "at most 0.5", "restart.rss": "at most 1", "failover.ms": "at most 1", "shell.ratio": "at most 2.6",
    "idle.cpu": "at most 0.5", "one-put.ratio": "at most 1.6", "endurance.last-to-first": "at least 0.95", "endurance.disk-growth": "at most 1.25",
  });
});

test("etcd is looked for on the PATH, may be named or left out, and a wrong name is told", () => {
  expect(findEtcd("none")).toBeUndefined();
  expect(findEtcd(process.execPath)).toBe(process.execPath);
  expect(() => findEtcd("/nowhere/etcd")).toThrow("--etcd /nowhere/etcd: there is no program that can be run");
});

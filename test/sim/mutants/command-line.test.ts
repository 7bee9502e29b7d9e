import { expect, test } from "vitest";
import { readOrder, usage } from "./command-line.ts";
import { mutants } from "./registry.ts";

test("without options all mutants are hunted, by the simulator and by the tests", () => {
  expect(readOrder([])).toEqual({ chosen: mutants, jobs: 2, json: undefined, hunt: { simulator: { from: 0, seeds: 300, timeoutMs: 20_000 }, tests: true } });
});

test("each option does what its line in the usage says", () => {
  const order = readOrder(["--only", "read-,votes-twice", "--jobs", "3", "--no-tests", "--seeds", "7", "--from", "9", "--seconds", "5", "--json", "out.json"]);
  expect(order).toMatchObject({ jobs: 3, json: "out.json", hunt: { simulator: { from: 9, seeds: 7, timeoutMs: 5000 }, tests: false } });
  expect(order === "help" ? [] : order.chosen.map(({ name }) => name.slice(0, 5))).toContain("votes");
  expect(readOrder(["--no-sim"])).toMatchObject({ hunt: { simulator: undefined, tests: true } });
  expect(readOrder(["--help"])).toBe("help");
  for (const option of ["--only", "--jobs", "--no-sim", "--no-tests", "--seeds", "--from", "--seconds", "--json"]) expect(usage).toContain(`  ${option}`);
});

test("what makes no sense is refused with its reason", () => {
  expect(() => readOrder(["--only", "no-such"])).toThrow("--only no-such: there is no such mutant");
  expect(() => readOrder(["--jobs", "0"])).toThrow("--jobs 0: want a whole number from 1 to 16");
  expect(() => readOrder(["--seeds", "many"])).toThrow("--seeds many: want a whole number");
  expect(() => readOrder(["--fast"])).toThrow("--fast");
});

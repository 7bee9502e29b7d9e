import { existsSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { expect, test } from "vitest";
import { occurrences, plant } from "./mutant.ts";
import { mutants } from "./registry.ts";

const root = join(import.meta.dirname, "../../..");
const textOf = (file: string): string => readFileSync(join(root, file), "utf8");

test("there are at least sixty planted bugs, each with a name of its own and with what it violates", () => {
  expect(mutants.length).toBeGreaterThanOrEqual(60);
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
  for (const { name, breaks } of mutants) {
    expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    expect(breaks.length, name).toBeGreaterThan(0);
    for (const id of breaks) expect(id, name).toMatch(/^[HSTUKN]\d+$/);
  }
});

test.each(mutants.map((mutant) => [mutant.name, mutant] as const))("%s can still be planted: its text occurs once, and what comes out parses", (_, mutant) => {
  const text = textOf(mutant.file);
  expect(occurrences(text, mutant.find)).toBe(1);
  const planted = plant(text, mutant);
  expect(planted).not.toBe(text);
  expect(() => stripTypeScriptTypes(planted)).not.toThrow();
});

test("every test file that is named exists", () => {
  const missing = mutants.flatMap(({ name, tests }) => tests.filter((file) => !existsSync(join(root, file))).map((file) => `${name}: ${file}`));
  expect(missing).toEqual([]);
});

test("a bug is planted only where its text stands exactly once", () => {
  expect(plant("one two three", { name: "a", find: "two", replace: "2" })).toBe("one 2 three");
  expect(plant("one", { name: "a", find: "one", replace: "$& $1" })).toBe("$& $1");
  expect(() => plant("two two", { name: "a", find: "two", replace: "2" })).toThrow("mutant a: its text occurs 2 times instead of once");
  expect(() => plant("one", { name: "a", find: "two", replace: "2" })).toThrow("occurs 0 times");
});

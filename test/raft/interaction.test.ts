// Runs every script in interaction/ and compares what happens with what it says. After an intended change:
// RAFT_REWRITE=1 npx vitest run --project unit test/raft/interaction, and read the difference.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Script } from "./harness/script.ts";

const folder = join(import.meta.dirname, "interaction");
const scripts = readdirSync(folder).filter((name) => name.endsWith(".txt"));

/** The first comment line of a script is its title: it says what the script proves. */
const titleOf = (text: string): string => text.split("\n")[0]!.replace(/^# /, "");

test("the scripts are there", () => {
  expect(scripts.length).toBeGreaterThanOrEqual(10);
});

test.each(scripts.map((name) => ({ name, title: titleOf(readFileSync(join(folder, name), "utf8")) })))("$name: $title", ({ name }) => {
  const path = join(folder, name);
  const text = readFileSync(path, "utf8");
  const actual = new Script().run(text);
  if (process.env["RAFT_REWRITE"] === "1") writeFileSync(path, actual);
  expect(actual).toBe(process.env["RAFT_REWRITE"] === "1" ? actual : text);
});

test("a script that says something else fails", () => {
  const text = readFileSync(join(folder, scripts[0]!), "utf8");
  const wrong = text.replace(/^ {2}\S.*$/m, "  something else");
  expect(wrong).not.toBe(text);
  expect(new Script().run(wrong)).not.toBe(wrong);
});

// Runs after all other tests of a whole run (npm test), and can only be right then.

import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { notesVariable, schemasFolder } from "../commands/json-output.ts";

test("the JSON of every command was held against its schema by a test of this run", () => {
  const seen = new Set(readFileSync(process.env[notesVariable]!, "utf8").split("\n"));
  expect(readdirSync(schemasFolder).filter((file) => !seen.has(file)), "schemas of commands that no test has run with --json to a result").toEqual([]);
});

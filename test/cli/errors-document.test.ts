import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { errorCodes, RaftctlError } from "../../src/base/errors.ts";
import { exitCodes } from "../../src/cli/exit-codes.ts";

const text = readFileSync(resolve(import.meta.dirname, "../../docs/errors.md"), "utf8");

function rows(heading: string): string[][] {
  const section = text.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("| ")).slice(1);
  return lines.map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

test("docs/errors.md explains every code there is and no other, in the same order, with its exit code and whether to repeat", () => {
  const documented = rows("Codes").map(([code = "", exit, repeat]) => [code.replaceAll("`", ""), exit, repeat]);
  const actual = errorCodes.map((code) => {
    const error = new RaftctlError(code, "");
    return [code, String(error.exit), error.retryable ? "yes" : "no"];
  });
  expect(documented).toEqual(actual);
});

test("every code has a meaning and a remedy", () => {
  for (const [code, , , meaning = "", remedy = ""] of rows("Codes")) {
    expect(meaning.length, code).toBeGreaterThan(10);
    expect(remedy.length, code).toBeGreaterThan(10);
  }
});

test("docs/errors.md lists the exit codes as the program has them", () => {
  const actual = Object.entries(exitCodes).map(([code, { name, meaning }]) => [code, name, meaning]);
  expect(rows("Exit codes")).toEqual(actual);
});

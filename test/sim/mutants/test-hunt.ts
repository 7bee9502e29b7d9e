// Looks for a planted bug with the tests that ought to notice it, one file after the other, up to the first one that fails.

import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runNode } from "./child-process.ts";
import { firstLine, judge, type Verdict } from "./verdict.ts";

/** What is read of vitest's report. */
interface Report {
  readonly testResults: readonly FileResult[];
}

interface FileResult {
  readonly status: string;
  readonly message: string;
  readonly assertionResults: readonly { readonly status: string; readonly fullName: string; readonly failureMessages: readonly string[] }[];
}

const reportName = "mutant-tests.json";

export async function huntByTests(directory: string, files: readonly string[], timeoutMs: number): Promise<Verdict> {
  const notes: string[] = [];
  for (const file of files) {
    const verdict = await huntByRun(directory, [file], timeoutMs);
    if (verdict.kind === "killed") return verdict;
    notes.push(verdict.note);
  }
  return { kind: "survived", note: [...new Set(notes)].join("; ") };
}

/** All files in one run of vitest. */
export async function huntByRun(directory: string, files: readonly string[], timeoutMs: number): Promise<Verdict> {
  const path = join(directory, reportName);
  rmSync(path, { force: true });
  const options = ["--project", "unit", "--bail", "1", "--reporter", "json", "--outputFile", reportName, "--testTimeout", "10000"];
  const what = files.length === 1 ? files[0]! : `${files.length} files`;
  const ended = await runNode({ directory, arguments: ["node_modules/vitest/vitest.mjs", "run", ...options, ...files], timeoutMs });
  if (!existsSync(path)) return { kind: "survived", note: ended.timedOut ? `${what} hangs` : `${what} does not run: ${firstLine(ended.output)}` };
  const { testResults } = JSON.parse(readFileSync(path, "utf8")) as Report;
  if (testResults.length === 0) return { kind: "survived", note: `${what} does not exist` };
  return verdictOf(what, testResults, ended.exitCode);
}

function verdictOf(what: string, results: readonly FileResult[], exitCode: number | undefined): Verdict {
  const failed = results.flatMap((result) => result.assertionResults).find(({ status }) => status === "failed");
  if (failed !== undefined) return judge(`${what}: ${failed.fullName}`, failed.failureMessages.join("\n"));
  const unloaded = results.find(({ status }) => status === "failed");
  if (unloaded !== undefined) return judge(`${what}: does not start`, unloaded.message);
  // Such as a rejection that nobody handles: vitest fails, no test does.
  return exitCode === 0 ? { kind: "survived", note: "the tests pass" } : { kind: "killed", by: `${what}: an error outside of any test`, seeds: undefined };
}

// Looks for a planted bug with the simulator: seed after seed in one process, up to the first violation.

import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runNode, type Ended } from "./child-process.ts";
import { firstLine, judge, type Verdict } from "./verdict.ts";

export interface SimulatorBudget {
  /** The first seed. */
  readonly from: number;
  readonly seeds: number;
  readonly timeoutMs: number;
}

/** What is read of the summary that the simulator's runner writes. */
interface Summary {
  readonly seeds: number;
  readonly failures: readonly Failure[];
}

interface Failure {
  readonly property: string;
  readonly message: string;
}

const summaryName = "mutant-summary.json";

export async function huntBySimulator(directory: string, { from, seeds, timeoutMs }: SimulatorBudget): Promise<Verdict> {
  const path = join(directory, summaryName);
  rmSync(path, { force: true });
  const limits = ["--from", String(from), "--seeds", String(seeds), "--jobs", "1", "--max-failures", "1", "--json", summaryName];
  const ended = await runNode({ directory, arguments: ["test/sim/main.ts", ...limits], timeoutMs });
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  // The file is made empty at the beginning and filled at the end.
  const summary = text === "" ? undefined : (JSON.parse(text) as Summary);
  const failure = summary?.failures[0];
  if (summary !== undefined && failure !== undefined) return judge(nameOf(failure), failure.message, summary.seeds);
  return { kind: "survived", note: noteOf(ended, summary, timeoutMs) };
}

/** What stopped a process says more than that one was stopped. */
function nameOf({ property, message }: Failure): string {
  return property === "No Unexplained Failure" ? `${property}: ${firstLine(message)}` : property;
}

function noteOf(ended: Ended, summary: Summary | undefined, timeoutMs: number): string {
  if (ended.timedOut) return `not within ${timeoutMs / 1000} s, ${summary?.seeds ?? "less than all"} seeds`;
  if (ended.exitCode === 0 && summary !== undefined) return `not in ${summary.seeds} seeds`;
  const error = /^\w*Error.*$/m.exec(ended.output)?.[0] ?? ended.output;
  return `the simulator broke down with exit code ${ended.exitCode ?? "none"}: ${firstLine(error)}`;
}

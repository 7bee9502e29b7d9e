// What is said of one seed: the verdict at the end of its trace, and the lines that a violation puts into a long run.

import type { Outcome, ViolationReport } from "../outcome.ts";
import { whole } from "./quantities.ts";
import { replayCommand } from "./replay-command.ts";
import type { SeedJob } from "./seed-job.ts";
import { sorted } from "./tally.ts";
import type { Failure } from "./tally.ts";

/** The last line is the command that runs it again. */
export function verdictLines(job: SeedJob, outcome: Outcome): string[] {
  const faults = sorted(Object.entries(outcome.faults)).filter(([, times]) => times > 0);
  return [
    ...(outcome.violation === undefined ? ["passed"] : [...violationLines(outcome.violation), ...stackLines(outcome.violation)]),
    "",
    `seed          ${job.seed}`,
    `trace hash    ${outcome.traceHash === "" ? "none" : outcome.traceHash}`,
    `events        ${whole(outcome.events)}`,
    `operations    ${whole(outcome.operations)} checked`,
    `virtual time  ${(outcome.virtualMs / 1000).toFixed(3)} s`,
    `faults        ${faults.length === 0 ? "none" : faults.map(([kind, times]) => `${kind} ${whole(times)}`).join(", ")}`,
    "",
    replayCommand(job),
  ];
}

/** In the middle of a long run. */
export function failureLines({ job, violation }: Failure): string[] {
  return ["", `seed ${job.seed}`, ...violationLines(violation).map((line) => `  ${line}`), `  ${replayCommand(job)}`, ""];
}

function violationLines(violation: ViolationReport): string[] {
  return [`VIOLATION of ${violation.property} at ${violation.atMs.toFixed(3)} ms`, `  ${sentence(violation)}`];
}

/** Errors repeat the property in front of what happened. */
export function sentence({ property, message }: ViolationReport): string {
  const start = `${property}: `;
  return message.startsWith(start) ? message.slice(start.length) : message;
}

function stackLines({ stack }: ViolationReport): string[] {
  return stack === undefined ? [] : stack.split("\n").filter((line) => /^\s+at /.test(line)).map((line) => `    ${line.trim()}`);
}

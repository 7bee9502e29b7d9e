// Configurations in words: who votes, what writes need, how many may fail, and whose failure alone would stop writes.

import type { CatchUpReport, ConfigurationReport, ConfigurationStep } from "../wire/admin-protocol.ts";
import { roughDuration } from "./measure.ts";
import { visible } from "./terminal.ts";

export function configurationText({ voters, votersOutgoing, learners, quorum, tolerance, critical }: ConfigurationReport): string {
  const outgoing = votersOutgoing.length === 0 ? "" : ` and ${quorum[1]} of ${votersOutgoing.length} (${list(votersOutgoing)})`;
  const verb = quorum[0] === 1 && outgoing === "" ? "decides" : "decide";
  const decides = `${quorum[0]} of ${voters.length} ${voters.length === 1 ? "voter" : "voters"} (${list(voters)})${outgoing} ${verb}`;
  const learning = learners.length === 0 ? "" : `; learning: ${list(learners)}`;
  return `${decides}${learning}; ${toleranceText(tolerance, critical)}`;
}

function toleranceText(tolerance: number, critical: readonly string[]): string {
  if (tolerance < 0) return "no quorum";
  if (tolerance > 0) return `${tolerance} may fail`;
  return critical.length === 0 ? "none may fail" : `none may fail: ${list(critical)}${critical.length === 1 ? " alone stops" : " each alone stop"} writes`;
}

export interface PlannedConfigurations {
  readonly before: ConfigurationReport;
  readonly steps: readonly ConfigurationStep[];
}

/** The configuration before, and one line for each step that follows. */
export function stepsText({ before, steps }: PlannedConfigurations): string {
  const lines = [["before", before] as const, ...steps.map(({ what, configuration }) => [what, configuration] as const)];
  return lines.map(([what, configuration]) => `  ${visible(what)}\n      ${configurationText(configuration)}`).join("\n");
}

/** "420 entries/s, 12s left", or that it will never be. */
export function catchUpText({ entriesPerSecond, etaMs }: CatchUpReport): string {
  return `${entriesPerSecond} entries/s, ${etaMs === null ? "never at this rate: more is written meanwhile" : `${roughDuration(etaMs)} left`}`;
}

function list(names: readonly string[]): string {
  return names.map(visible).join(", ");
}

// `raftctl inspect-log repair`: what would be kept of a damaged directory and what is lost, and the question before it is done.

import type { RaftctlError } from "../../base/errors.ts";
import { confirm } from "../confirmation.ts";
import { visible } from "../terminal.ts";

/** What daemon/repair/verbs.ts says, which this floor may not know. */
export interface RepairReport {
  readonly directory: string;
  readonly node: string;
  readonly plan: {
    readonly damages: readonly RaftctlError[];
    readonly keeps: "state" | "log";
    readonly last: { readonly index: number; readonly term: number };
    readonly identity: { readonly clusterIncarnation: number };
  } | undefined;
  readonly finished: boolean;
  readonly aside: string | undefined;
}

export interface RepairDocument {
  /** false: a dry run, or nothing was to be done. */
  applied: boolean;
  dataDir: string;
  node: string;
  damages: string[];
  /** Everything up to here is kept; null when nothing is damaged. */
  lastIndex: string | null;
  lastTerm: string | null;
  /** From the state, because the log ends before what was applied, or from the log up to its first damage. */
  keeps: "state" | "log" | null;
  clusterIncarnation: string | null;
  /** Where the damaged files are. */
  aside: string | null;
}

export function repairDocument({ directory, node, plan, finished, aside }: RepairReport): RepairDocument {
  return {
    applied: finished || aside !== undefined, dataDir: directory, node, damages: plan?.damages.map(({ message }) => message) ?? [],
    lastIndex: plan === undefined ? null : String(plan.last.index), lastTerm: plan === undefined ? null : String(plan.last.term), keeps: plan?.keeps ?? null,
    clusterIncarnation: plan === undefined ? null : String(plan.identity.clusterIncarnation + 1), aside: aside ?? null,
  };
}

export function repairText(document: RepairDocument): string {
  const { applied, dataDir, damages, aside } = document;
  if (damages.length === 0) return applied ? `finished the repair of ${visible(dataDir)} that was begun` : `${visible(dataDir)} is not damaged: nothing is repaired`;
  const lines = damages.map((message) => `damaged: ${visible(message)}`);
  lines.push(`${applied ? "kept" : "would keep"} ${keptText(document)}`);
  if (aside !== null) lines.push(`the damaged files are in ${visible(aside)}`, `start it: raftctl daemon start --data-dir ${visible(dataDir)}`);
  return lines.join("\n");
}

/** Asks an operator, who alone can know whether what comes behind can be done without. */
export function approval(yes: boolean): (report: RepairReport) => Promise<void> {
  return (report) => confirm(`this keeps of ${visible(report.directory)} ${keptText(repairDocument(report))}`, yes);
}

function keptText({ keeps, lastIndex, lastTerm }: RepairDocument): string {
  const from = keeps === "state" ? "everything that was applied" : "the log before its first damage";
  return `${from}, up to index ${lastIndex} of term ${lastTerm}; what was written behind it is lost`;
}

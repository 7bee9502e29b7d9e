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
  readonly wasBegun: boolean;
  readonly applied: boolean;
  readonly aside: string | undefined;
}

export interface RepairDocument {
  /** false: a dry run, or nothing was to be done. */
  applied: boolean;
  dataDir: string;
  node: string;
  /** An earlier repair had only to be finished. */
  wasBegun: boolean;
  damages: string[];
  /** Everything up to here is kept; null when nothing is damaged, and nothing cut. */
  lastIndex: string | null;
  lastTerm: string | null;
  /** From the state, because the log ends before what was applied, or from the log up to its first damage or to where it is cut. */
  keeps: "state" | "log" | null;
  clusterIncarnation: string | null;
  /** Where the files that do not count any more are. */
  aside: string | null;
}

export function repairDocument({ directory, node, wasBegun, plan, applied, aside }: RepairReport): RepairDocument {
  return {
    applied, dataDir: directory, node, wasBegun, damages: plan?.damages.map(({ message }) => message) ?? [],
    lastIndex: plan === undefined ? null : String(plan.last.index), lastTerm: plan === undefined ? null : String(plan.last.term), keeps: plan?.keeps ?? null,
    clusterIncarnation: plan === undefined ? null : String(plan.identity.clusterIncarnation + 1), aside: aside ?? null,
  };
}

export function repairText(document: RepairDocument): string {
  const { applied, dataDir, wasBegun, damages, keeps, aside } = document;
  const lines: string[] = [];
  if (wasBegun) lines.push(`${applied ? "finished" : "would finish"} the repair of ${visible(dataDir)} that was begun`);
  lines.push(...damages.map((message) => `damaged: ${visible(message)}`));
  if (keeps !== null) lines.push(`${applied ? "kept" : "would keep"} ${keptText(document)}`);
  if (aside !== null) lines.push(`what does not count any more is in ${visible(aside)}`);
  if (lines.length === 0) return `nothing is to be done in ${visible(dataDir)}`;
  if (applied) lines.push(`start it: raftctl daemon start --data-dir ${visible(dataDir)}`);
  return lines.join("\n");
}

/** Asks an operator, who alone can know whether what comes behind can be done without. */
export function approval(yes: boolean): (report: RepairReport) => Promise<void> {
  return (report) => confirm(`this keeps of ${visible(report.directory)} ${keptText(repairDocument(report))}`, yes);
}

function keptText({ damages, keeps, lastIndex, lastTerm }: RepairDocument): string {
  const logPart = damages.length === 0 ? "the log" : "the log before its first damage";
  return `${keeps === "state" ? "everything that was applied" : logPart}, up to index ${lastIndex} of term ${lastTerm}; what was written behind it is lost`;
}

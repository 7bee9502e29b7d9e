// `member plan`: changes from flags or from a script, and what the cluster says that they would do (N4).

import { RaftctlError } from "../base/errors.ts";
import { readMemberScript } from "../config/member-script.ts";
import type { MemberPlanReport, MemberPlanRequest } from "../wire/admin-protocol.ts";
import { configurationText, stepsText } from "./configuration-view.ts";

export interface MemberPlanDocument extends MemberPlanReport {
  /** Failures that may happen with writes going on: before, and after each step. */
  tolerance: number[];
  /** Whose failure alone would stop writes, at each of these. */
  critical: string[][];
}

export interface PlanFlags {
  readonly add: string[] | undefined;
  readonly promote: string[] | undefined;
  readonly demote: string[] | undefined;
  readonly remove: string[] | undefined;
  readonly script: string | undefined;
}

/** @throws USAGE when nothing is asked for, or the script is none; NOT_FOUND */
export async function plannedChanges(flags: PlanFlags): Promise<MemberPlanRequest[]> {
  if (flags.script !== undefined) return readMemberScript(flags.script);
  const { add = [], promote = [], demote = [], remove = [] } = flags;
  if (add.length + promote.length + demote.length + remove.length === 0) throw new RaftctlError("USAGE", "nothing to plan: give --add, --promote, --demote, --remove or --script");
  return [{ add, promote, demote, remove }];
}

export function planDocument(report: MemberPlanReport): MemberPlanDocument {
  const standing = [report.before, ...report.changes.flatMap(({ steps }) => steps.map(({ configuration }) => configuration))];
  return { ...report, tolerance: standing.map(({ tolerance }) => tolerance), critical: standing.map(({ critical }) => critical) };
}

export function planText({ before, changes }: MemberPlanDocument): string {
  if (changes.length === 1) return [stepsText({ before, steps: changes[0]!.steps }), ...refusalText(changes[0]!)].join("\n");
  const parts = changes.map((change, position) => [`change ${position + 1}`, ...change.steps.map(({ what, configuration }) => `  ${what}\n      ${configurationText(configuration)}`), ...refusalText(change)]);
  return [`before\n      ${configurationText(before)}`, ...parts.flat()].join("\n");
}

function refusalText({ refusal }: MemberPlanReport["changes"][number]): string[] {
  return refusal === null ? [] : [`  refused: ${refusal}`];
}

/** Exit 9 when a change would be refused. */
export function planFinding({ changes }: MemberPlanDocument): RaftctlError | undefined {
  const position = changes.findIndex(({ refusal }) => refusal !== null);
  if (position < 0) return undefined;
  return new RaftctlError("UNSAFE", `${changes.length === 1 ? "the change" : `change ${position + 1}`} would be refused: ${changes[position]!.refusal}`);
}

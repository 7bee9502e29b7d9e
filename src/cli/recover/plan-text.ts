// A plan for people: who goes on, who is given up, and what that may cost. Says no more than is provable.

import { shellWord } from "../doctor/shell-word.ts";
import { visible } from "../terminal.ts";
import type { AppliedDocument, LossDocument, NamedNodeDocument, PlanDocument } from "./documents.ts";

const keysShownMax = 20;
const titleWidth = 11;

export function planText(plan: PlanDocument, out: string | undefined): string {
  const { name, directory } = plan.survivor;
  if (out === undefined) return `${planSummary(plan)}\nnot written: give --out`;
  const apply = `raftctl recover apply --plan ${visible(shellWord(out))} --data-dir ${visible(shellWord(directory))}`;
  return `${planSummary(plan)}\nwritten to ${visible(out)}; then, on the machine of ${visible(name)}:\n  ${apply}`;
}

/** To be read before anything is decided. */
export function planSummary(plan: PlanDocument): string {
  const { survivor, rejoin, dead, loss } = plan;
  const rows: readonly (readonly [string, string])[] = [
    ["survivor", `${visible(survivor.name)}: its log ends at index ${survivor.last.index} of term ${survivor.last.term}; it becomes the only voter`],
    ["joins anew", names(rejoin)],
    ["dead", names(dead)],
    ["kept", `indexes up to ${loss.committedUpTo} are known to be committed`],
    ...lossRows(loss, [survivor, ...rejoin]),
  ];
  const head = `plan ${plan.planId}: cluster ${plan.clusterId} goes on as incarnation ${plan.clusterIncarnation}`;
  return [head, ...rows.map(([title, text]) => `  ${title.padEnd(titleWidth)} ${text}`)].join("\n");
}

function lossRows({ unproven, unknownFrom, entries }: LossDocument, survivors: readonly NamedNodeDocument[]): [string, string][] {
  const nameOf = (id: string): string => visible(survivors.find(({ nodeId }) => nodeId === id)?.name ?? id);
  const rows: [string, string][] = [];
  if (unproven !== null) rows.push(["unproven", `indexes ${unproven.from} to ${unproven.to} of the survivor are kept too, whether a client was told so or not: ${keysText(unproven.keys)}`]);
  if (unknownFrom !== null) rows.push(["unknown", `from index ${unknownFrom} on the dead may have committed among themselves what no survivor holds; how much, nobody can know`]);
  for (const { from, to, term, heldBy, keys } of entries) {
    rows.push(["at risk", `indexes ${from} to ${to} of term ${term}, which only ${heldBy.map(nameOf).join(", ")} holds: ${keysText(keys)}`]);
  }
  if (unknownFrom === null && entries.length === 0) rows.push(["lost", "nothing that a client was told to be done"]);
  return rows;
}

function keysText(keys: readonly string[]): string {
  if (keys.length === 0) return "no keys known";
  const more = keys.length > keysShownMax ? ` and ${keys.length - keysShownMax} more` : "";
  return `keys ${keys.slice(0, keysShownMax).map(visible).join(", ")}${more}`;
}

function names(nodes: readonly NamedNodeDocument[]): string {
  return nodes.length === 0 ? "none" : nodes.map(({ name }) => visible(name)).join(", ");
}

/** What has to be true and cannot be seen from here. */
export function planQuestion({ dead }: PlanDocument): string {
  return `${names(dead)} could go on without the survivors: they must be gone for good, or there will be two clusters`;
}

export function applyQuestion({ survivor, clusterIncarnation }: PlanDocument): string {
  return `${visible(survivor.name)} becomes the only voter of incarnation ${clusterIncarnation}, and every other node is shut out`;
}

export function appliedText({ applied, stage, survivor, directory, backup, rejoin }: AppliedDocument): string {
  if (stage === "applied") return `${visible(directory)} was recovered by this plan before; nothing was changed`;
  if (!applied) return `would make ${visible(survivor)} in ${visible(directory)} the only voter`;
  const others = rejoin.length === 0 ? "" : `\nthen join again, each with --fresh: ${rejoin.map(visible).join(", ")}`;
  return `${visible(survivor)} is the only voter now; copies of what was changed are in ${visible(backup)}\nstart it: raftctl daemon start --data-dir ${visible(shellWord(directory))}${others}`;
}

// `rules list|show|set|delete|check`: what may be written under which prefix.

import type { RuleChange, RuleCheckReport, RuleDocument, RuleReport } from "../wire/rule-reports.ts";
import { RaftctlError } from "../base/errors.ts";
import { renderTable } from "./table.ts";
import { visible, visibleText } from "./terminal.ts";

export interface RuleChangeDocument extends Omit<RuleChange, "index"> {
  readonly index: string | null;
}

export function ruleList(rules: readonly RuleReport[]): string {
  if (rules.length === 0) return "no rules: anything may be written";
  return renderTable(rules, [
    { title: "PREFIX", cell: ({ rule }) => shownPrefix(rule.prefix) },
    { title: "KEY BYTES", align: "right", cell: ({ rule }) => (rule.maxKeyBytes === undefined ? "-" : String(rule.maxKeyBytes)) },
    { title: "VALUE BYTES", align: "right", cell: ({ rule }) => (rule.maxValueBytes === undefined ? "-" : String(rule.maxValueBytes)) },
    { title: "SCHEMA", cell: ({ rule }) => (rule.schema === undefined ? "-" : "yes") },
    { title: "IMMUTABLE", cell: ({ rule }) => (rule.immutable === true ? "yes" : "-") },
    { title: "UNIQUE", cell: ({ indexes }) => (indexes.length === 0 ? "-" : indexes.map(indexText).join(", ")) },
  ]);
}

/** As a file that `rules set` takes. */
export function ruleText(rule: RuleDocument): string {
  return visibleText(JSON.stringify(rule, undefined, 2));
}

export function changeText({ applied, index, rule }: RuleChange, done: "set" | "deleted"): string {
  const name = `the rule for ${shownPrefix(rule.prefix)}`;
  return applied ? `OK ${index}: ${name} is ${done}` : `nothing was changed: ${name} could be ${done}`;
}

export function changeDocument(change: RuleChange): RuleChangeDocument {
  return { ...change, index: change.index === null ? null : String(change.index) };
}

export function checkText({ keys, violations, found }: RuleCheckReport): string {
  if (violations === 0) return `${keys} keys, and none that breaks the rule`;
  const lines = renderTable(found, [
    { title: "KEY", cell: ({ key, keyEncoding }) => (keyEncoding === "utf8" ? visible(key) : `hex:${key}`) },
    { title: "RULE", cell: ({ rule }) => rule },
    { title: "AT", cell: ({ path }) => (path === null || path === "" ? "-" : visible(path)) },
    { title: "WHY", cell: ({ reason }) => visible(reason) },
  ]);
  return violations > found.length ? `${lines}\n… and ${violations - found.length} more` : lines;
}

/** undefined: nothing is wrong. */
export function checkFinding({ keys, violations }: RuleCheckReport): RaftctlError | undefined {
  if (violations === 0) return undefined;
  return new RaftctlError("UNHEALTHY", `${violations} of ${keys} keys break the rule`, { hint: "they stay as they are; whoever writes them again must obey the rule" });
}

export function findRule(rules: readonly RuleReport[], prefix: string): RuleReport {
  const found = rules.find(({ rule }) => rule.prefix === prefix);
  if (found === undefined) throw new RaftctlError("NOT_FOUND", `there is no rule for ${shownPrefix(prefix)}`, { hint: "raftctl rules list" });
  return found;
}

function indexText({ field, keys, isComplete }: RuleReport["indexes"][number]): string {
  return isComplete ? `${visible(field)} (${keys} keys)` : `${visible(field)} (reading: ${keys} keys so far)`;
}

function shownPrefix(prefix: string): string {
  return visible(JSON.stringify(prefix));
}

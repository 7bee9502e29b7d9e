// The diagnosis as a person reads it: the verdict in the first line, then the nodes, who could win an election and why not, what was seen, and what to
// do, the smallest thing first. Fits on one screen for a cluster of a usual size.

import { renderTable } from "../table.ts";
import { paint, visible } from "../terminal.ts";
import type { Action, Cause } from "./cause.ts";
import type { Diagnosis, NodeDocument } from "./diagnosis.ts";

const none = "-";
/** Of a section; what a screen holds and a person reads. */
const linesMax = 24;

export function diagnosisText(diagnosis: Diagnosis): string {
  const { causes, candidates, leader, evidence, nodes } = diagnosis;
  const main = causes[0];
  const sections = [headline(diagnosis), nodes.length === 0 ? "" : nodesTable(nodes)];
  if (main === undefined) return sections.filter(Boolean).join("\n\n");
  if (leader === null && candidates.length > 0) sections.push(section("Who could lead", candidates.map(({ text }) => text)));
  sections.push(section("Seen", evidence), section("Do", actionLines(main.actions)));
  if (causes.length > 1) sections.push(section("Also", causes.slice(1).map(alsoLine)));
  return sections.filter(Boolean).join("\n\n");
}

function headline({ verdict, cause, summary }: Diagnosis): string {
  const colour = verdict === "healthy" ? "green" : verdict === "degraded" ? "yellow" : "red";
  return `${paint(colour, cause === null ? verdict : `${verdict}: ${cause}`)}\n${visible(summary)}`;
}

function section(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return "";
  const more = lines.length > linesMax ? [`and ${lines.length - linesMax} more: --json tells all`] : [];
  return [paint("bold", title), ...[...lines.slice(0, linesMax), ...more].map((line) => `  ${visible(line)}`)].join("\n");
}

function actionLines(actions: readonly Action[]): string[] {
  return actions.flatMap(({ text, command }, place) => [`${place + 1}. ${text}`, ...(command === null ? [] : [`     ${command}`])]);
}

function alsoLine({ id, summary, actions }: Cause): string {
  const command = actions.find((action) => action.command !== null)?.command;
  return `${id}: ${summary}${command === undefined || command === null ? "" : `  (${command})`}`;
}

function nodesTable(nodes: readonly NodeDocument[]): string {
  return renderTable(nodes, [
    { title: "NODE", cell: ({ name, place }) => visible(name ?? place) },
    { title: "STATE", cell: ({ state }) => state },
    { title: "ROLE", cell: ({ role }) => visible(role ?? none) },
    { title: "TERM", cell: ({ term }) => term ?? none, align: "right" },
    { title: "LOG", cell: ({ lastTerm, lastIndex }) => (lastTerm === null ? none : `${lastTerm},${lastIndex}`), align: "right" },
    { title: "COMMIT", cell: ({ commitIndex }) => commitIndex ?? none, align: "right" },
    { title: "AT", cell: ({ place }) => visible(place) },
  ]);
}

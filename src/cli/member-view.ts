// Members as a table and as one record, and finding one by what an operator types: its id, its name, or the beginning of a name.

import { RaftctlError } from "../base/errors.ts";
import { nearestName } from "../config/suggestion.ts";
import type { MemberListReport, MemberReport } from "../wire/admin-protocol.ts";
import { catchUpText } from "./configuration-view.ts";
import { roughDuration, roughSize } from "./measure.ts";
import { renderTable } from "./table.ts";
import { paint, visible } from "./terminal.ts";

/** @throws NOT_FOUND with the nearest name, INVALID_ARGUMENT when several names begin so. */
export function findMember(report: MemberListReport, wanted: string): MemberReport {
  const exact = report.members.find((member) => member.id === wanted || member.name === wanted);
  if (exact !== undefined) return exact;
  const similar = report.members.filter((member) => wanted !== "" && member.name.startsWith(wanted));
  if (similar.length === 1) return similar[0]!;
  const names = report.members.map((member) => member.name);
  if (similar.length > 1) {
    throw new RaftctlError("INVALID_ARGUMENT", `${JSON.stringify(wanted)} may be ${similar.map((member) => member.name).join(" or ")}: give the full name`);
  }
  const nearest = nearestName(wanted, names);
  const hint = nearest === undefined ? `members are ${names.join(", ")}` : `did you mean ${nearest}?`;
  throw new RaftctlError("NOT_FOUND", `no member ${JSON.stringify(wanted)}`, { hint });
}

const none = "-";

export function memberTable(report: MemberListReport): string {
  const table = renderTable(report.members, [
    { title: "NAME", cell: (member) => visible(member.name) },
    { title: "ID", cell: (member) => member.id },
    { title: "ROLE", cell: roleOf },
    { title: "PEER ADDRESS", cell: (member) => visible(member.peerAddress) },
    { title: "CLIENT ADDRESS", cell: (member) => visible(member.clientAddress) },
    { title: "MATCH", cell: (member) => String(member.match ?? none), align: "right" },
    { title: "LAG", cell: (member) => String(member.lag ?? none), align: "right" },
    { title: "LAST CONTACT", cell: (member) => (member.lastContactMs === null ? none : roughDuration(member.lastContactMs)), align: "right" },
  ]);
  const behind = report.members.flatMap(({ name, catchUp }) => (catchUp === null ? [] : [`${visible(name)} catches up: ${catchUpText(catchUp)}`]));
  const transfers = report.members.flatMap(({ name, stateTransfer }) => (stateTransfer === null ? [] : [`${visible(name)} gets the state: ${roughSize(stateTransfer.sentBytes)} of ${roughSize(stateTransfer.bytes)}`]));
  return [table, `failure tolerance ${report.failureTolerance}`, ...transfers, ...behind, ...report.replacements.map(replacementText)].join("\n");
}

function replacementText({ id, leaving, newcomer, stage, lag }: MemberListReport["replacements"][number]): string {
  const behind = lag === null ? "" : `, ${lag} entries behind`;
  return `replacement ${id}: ${visible(newcomer)} for ${visible(leaving)}, ${stage.replaceAll("-", " ")}${behind}`;
}

function roleOf(member: MemberReport): string {
  const role = member.leader ? "leader" : member.role;
  return member.masterEligible ? role : `${role} (not eligible)`;
}

export function memberText(member: MemberReport): string {
  const rows: readonly (readonly [string, string])[] = [
    ["name", visible(member.name)],
    ["id", member.id],
    ["role", roleOf(member)],
    ["peer address", visible(member.peerAddress)],
    ["client address", visible(member.clientAddress)],
    ["regions", member.regions.map(visible).join(", ")],
    ["incarnation", String(member.incarnation)],
    ["match", String(member.match ?? none)],
    ["lag", String(member.lag ?? none)],
    ["state", member.state ?? none],
    ["last contact", member.lastContactMs === null ? none : roughDuration(member.lastContactMs)],
    ["round trip", member.rttMs === null ? none : roughDuration(member.rttMs)],
  ];
  return rows.map(([name, value]) => `${paint("bold", name.padEnd(14))}  ${value}`).join("\n");
}

// What `status` returns, and the table that it prints: for each region one block, for each node one line, and below it what is wrong. All that the
// nodes said is kept; a node that did not answer has its error in place of its numbers.

import type { ErrorDocument } from "./envelope.ts";
import type { MemberReport, NodeStatus, RegionReport } from "../wire/admin-protocol.ts";
import { roughDuration } from "./measure.ts";
import { renderTable } from "./table.ts";
import type { Column } from "./table.ts";
import { paint, visible } from "./terminal.ts";

/** One node's answer, or why there is none. */
export type NodeAnswer = { readonly status: NodeStatus } | { readonly name: string; readonly address: string; readonly error: ErrorDocument };

export interface StatusDocument {
  nodes: NodeDocument[];
}

export type NodeDocument = AnsweredNodeDocument | { name: string; address: string; error: ErrorDocument };

export interface AnsweredNodeDocument extends Omit<NodeStatus, "regions"> {
  regions: RegionDocument[];
}

type IndexName = "term" | "commitIndex" | "lastApplied" | "lastIndex" | "snapshotIndex" | "membershipIndex";

/** As RegionReport, with every term and index as a string. */
export interface RegionDocument extends Omit<RegionReport, IndexName | "members" | "election">, Record<IndexName, string> {
  members: MemberDocument[];
  election: (Omit<NonNullable<RegionReport["election"]>, "term"> & { term: string }) | null;
}

export interface MemberDocument extends Omit<MemberReport, "match"> {
  match: string | null;
}

export function statusDocument(answers: readonly NodeAnswer[]): StatusDocument {
  return { nodes: answers.map((answer) => ("status" in answer ? nodeDocument(answer.status) : answer)) };
}

function nodeDocument(status: NodeStatus): AnsweredNodeDocument {
  return { ...status, regions: status.regions.map(regionDocument) };
}

function regionDocument(region: RegionReport): RegionDocument {
  return {
    ...region,
    term: String(region.term),
    commitIndex: String(region.commitIndex),
    lastApplied: String(region.lastApplied),
    lastIndex: String(region.lastIndex),
    snapshotIndex: String(region.snapshotIndex),
    membershipIndex: String(region.membershipIndex),
    members: region.members.map(memberDocument),
    election: region.election === null ? null : { ...region.election, term: String(region.election.term) },
  };
}

export function memberDocument(member: MemberReport): MemberDocument {
  return { ...member, match: member.match === null ? null : String(member.match) };
}

interface Line {
  readonly name: string;
  readonly id: string;
  readonly region: RegionReport | undefined;
  /** As the leader at hand sees it. */
  readonly member: MemberReport | undefined;
  readonly error: string | undefined;
}

export function statusText(answers: readonly NodeAnswer[]): string {
  const names = new Set(answers.flatMap((answer) => ("status" in answer ? answer.status.regions.map((region) => region.region) : [])));
  if (names.size === 0) return answers.map(unansweredText).join("\n");
  return [...names].map((name) => regionText(name, answers)).join("\n\n");
}

function unansweredText(answer: NodeAnswer): string {
  if ("status" in answer) return `${visible(answer.status.name)}: no regions yet`;
  return `${visible(answer.name)} (${visible(answer.address)}): ${visible(answer.error.message)}`;
}

function regionText(name: string, answers: readonly NodeAnswer[]): string {
  const reports = answers.flatMap((answer) => ("status" in answer ? answer.status.regions.filter((region) => region.region === name) : []));
  const best = reports.find((report) => report.role === "leader") ?? reports.toSorted((left, right) => right.term - left.term)[0]!;
  const lines = linesOf(name, best, answers);
  const table = renderTable(lines, lines.some((line) => line.error !== undefined) ? [...columns, errorColumn] : columns);
  return [headline(name, best), table, ...remarks(best, reports)].join("\n");
}

function headline(name: string, region: RegionReport): string {
  const leader = region.leader === null ? paint("red", "none") : visible(region.leader.name);
  const joint = region.joint ? "  (membership change under way)" : "";
  return `region ${visible(name)}  leader ${leader}  term ${region.term}  failure tolerance ${tolerance(region)}${joint}`;
}

function tolerance(region: RegionReport): string {
  const text = region.failureTolerance < 0 ? "none: no quorum" : String(region.failureTolerance);
  return region.failureTolerance > 0 ? text : paint(region.failureTolerance < 0 ? "red" : "yellow", text);
}

/** Every member that anybody knows of, with its own numbers when it was asked. */
function linesOf(name: string, best: RegionReport, answers: readonly NodeAnswer[]): Line[] {
  const asked = answers.map((answer): Line => {
    if (!("status" in answer)) return { name: answer.name, id: "", region: undefined, member: undefined, error: answer.error.message };
    const region = answer.status.regions.find((report) => report.region === name);
    const member = best.members.find((known) => known.id === answer.status.nodeId);
    return { name: answer.status.name, id: answer.status.nodeId, region, member, error: undefined };
  });
  const known = new Set(asked.flatMap((line) => [line.id, line.name]));
  const others = best.members.filter((member) => !known.has(member.id) && !known.has(member.name));
  return [...asked, ...others.map((member): Line => ({ name: member.name, id: member.id, region: undefined, member, error: undefined }))];
}

const none = "-";
const columns: readonly Column<Line>[] = [
  { title: "NAME", cell: (line) => visible(line.name) },
  { title: "ID", cell: (line) => line.id || none },
  { title: "ROLE", cell: roleOf },
  { title: "TERM", cell: (line) => String(line.region?.term ?? none), align: "right" },
  { title: "COMMIT", cell: (line) => String(line.region?.commitIndex ?? none), align: "right" },
  { title: "APPLIED", cell: (line) => String(line.region?.lastApplied ?? none), align: "right" },
  { title: "LAG", cell: (line) => String(line.member?.lag ?? line.region?.lag ?? none), align: "right" },
  { title: "LAST CONTACT", cell: lastContact, align: "right" },
];
const errorColumn: Column<Line> = { title: "ERROR", cell: (line) => visible(line.error ?? "") };

function roleOf(line: Line): string {
  if (line.region !== undefined) return line.region.role;
  if (line.member === undefined) return "unknown";
  if (line.member.leader) return "leader";
  return line.member.role;
}

/** A leader hears of no leader. */
function lastContact(line: Line): string {
  if (line.region?.role === "leader") return none;
  const ms = line.region?.lastContactMs ?? line.member?.lastContactMs;
  return ms === undefined || ms === null ? none : roughDuration(ms);
}

function remarks(best: RegionReport, reports: readonly RegionReport[]): string[] {
  const lines: string[] = [];
  const election = best.leader === null ? best.election : null;
  if (election !== null) lines.push(electionText(election));
  if (reports.some((report) => report.readOnly)) lines.push("read-only: writes are refused until there is space");
  const alarms = new Set(reports.flatMap((report) => report.alarms));
  if (alarms.size > 0) lines.push(`alarms: ${[...alarms].map(visible).join(", ")}`);
  return lines;
}

/** Why there is no leader: which votes it takes and whose are missing. */
export function electionText(election: NonNullable<RegionReport["election"]>): string {
  const list = (names: readonly string[]): string => (names.length === 0 ? "nobody" : names.map(visible).join(", "));
  const refused = election.refused.length === 0 ? "" : `, refused by ${list(election.refused)}`;
  const needed = election.needed.join(" and ");
  return `no leader: needs ${needed} votes in term ${election.term}, has ${list(election.granted)}; missing ${list(election.missing)}${refused}`;
}

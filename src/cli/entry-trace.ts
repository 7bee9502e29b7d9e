// `trace INDEX`: the moments of an entry, as the leader saw them and as each node remembers its own, as tables and as JSON. Times of different nodes stand in
// different tables: each counts from when the entry was appended there. Only durations of two nodes are put side by side.

import { RaftctlError } from "../base/errors.ts";
import type { EntryMomentsReport, EntryTraceReport } from "../wire/entry-trace.ts";
import type { Unanswered } from "./all-nodes.ts";
import { renderTable } from "./table.ts";
import { visible } from "./terminal.ts";
import { milliseconds, timelineText, type TimelineStep } from "./timeline.ts";

export interface EntryTraceDocument {
  index: string;
  /** null: no node remembers it. */
  term: string | null;
  /** Who appended it as the leader of its term; null when that one does not answer, or remembers it no more. */
  leader: string | null;
  nodes: (NodeTraceDocument | Unanswered)[];
  /** As the leader saw it: voters that had not acknowledged; when all had, the last one of several. */
  stragglers: string[];
}

export interface NodeTraceDocument {
  name: string;
  /** Of the entry that this node has there. */
  term: string | null;
  firstRemembered: string;
  lastIndex: string;
  /** Times are ms since the entry was appended on this node, on its own clock. */
  moments: EntryMomentsReport | null;
}

export type TraceAnswer = EntryTraceReport | Unanswered;

interface Remembering extends EntryTraceReport {
  readonly moments: EntryMomentsReport;
}

interface Led extends Remembering {
  readonly moments: EntryMomentsReport & { readonly members: NonNullable<EntryMomentsReport["members"]> };
}

/** @throws USAGE */
export function indexArgument(text: string): number {
  const index = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(index)) throw new RaftctlError("USAGE", `${JSON.stringify(text)} is no index of an entry (want a whole number from 1 on, as put prints it)`);
  return index;
}

export function entryTraceDocument(index: number, answers: readonly TraceAnswer[]): EntryTraceDocument {
  const term = termOf(answers);
  const led = ledBy(answers);
  return {
    index: String(index), term: term === null ? null : String(term), leader: led?.name ?? null,
    nodes: answers.map((answer) => ("error" in answer ? answer : nodeDocument(answer))), stragglers: led === undefined ? [] : stragglersOf(led),
  };
}

function nodeDocument({ name, term, firstRemembered, lastIndex, moments }: EntryTraceReport): NodeTraceDocument {
  return { name, term: term === null ? null : String(term), firstRemembered: String(firstRemembered), lastIndex: String(lastIndex), moments };
}

/** That nobody remembers the entry; undefined when a node does. */
export function notRemembered(index: number, answers: readonly TraceAnswer[]): RaftctlError | undefined {
  const reports = answers.filter(isReport);
  if (reports.some(({ moments }) => moments !== null)) return undefined;
  const longest = reports.toSorted((left, right) => right.lastIndex - left.lastIndex)[0];
  if (longest !== undefined && longest.lastIndex < index) {
    return new RaftctlError("NOT_FOUND", `there is no entry ${index} yet: the log of ${longest.name} ends at ${longest.lastIndex}`, { hint: "raftctl put prints the index of its entry" });
  }
  return new RaftctlError("NOT_FOUND", `no node remembers the moments of entry ${index}: ${reports.map(reachText).join(", ")}`, {
    hint: `raftctl inspect-log ${index} shows the entry itself; put --trace shows a write while it is made`,
  });
}

function isReport(answer: TraceAnswer): answer is EntryTraceReport {
  return !("error" in answer);
}

function reachText({ name, firstRemembered, lastIndex }: EntryTraceReport): string {
  return firstRemembered > lastIndex ? `${name} has no moments yet` : `${name} remembers from ${firstRemembered} on (the last ${lastIndex - firstRemembered + 1} entries)`;
}

function remembering(answers: readonly TraceAnswer[]): Remembering[] {
  return answers.filter((answer): answer is Remembering => isReport(answer) && answer.moments !== null);
}

/** Of an entry that it has compacted a node remembers the moments, and not the term. */
function isOf(report: EntryTraceReport, term: number | null): boolean {
  return report.term === null || report.term === term;
}

/** Where nodes have different entries, the one of the later term stands. */
function termOf(answers: readonly TraceAnswer[]): number | null {
  return remembering(answers).reduce<number | null>((highest, { term }) => (term !== null && term > (highest ?? 0) ? term : highest), null);
}

function ledBy(answers: readonly TraceAnswer[]): Led | undefined {
  const term = termOf(answers);
  return remembering(answers).find((report): report is Led => report.term === term && report.moments.members !== null);
}

function stragglersOf({ name, moments }: Led): string[] {
  const voters = [{ name, at: moments.durableMs }, ...moments.members.filter(({ role }) => role === "voter").map((member) => ({ name: member.name, at: member.acknowledgedMs }))];
  const silent = voters.filter(({ at }) => at === null);
  if (silent.length > 0) return silent.map((voter) => voter.name);
  const last = voters.toSorted((left, right) => left.at! - right.at!).at(-1)!;
  return voters.length === 1 ? [] : [last.name];
}

export function entryTraceText(index: number, answers: readonly TraceAnswer[]): string {
  const term = termOf(answers);
  const led = ledBy(answers);
  const nodes = remembering(answers).filter((report) => isOf(report, term));
  const title = `entry ${index}${term === null ? "" : ` of term ${term}`}${led === undefined ? "" : `, as ${visible(led.name)} saw it, which led`}`;
  const leaderPart = led === undefined ? [`${title}: whoever led it does not remember it, or does not answer`] : [title, timelineText(stepsOf(led)), ...stragglerLines(led, nodes)];
  const others = answers.flatMap((answer) => exceptionText(answer, index, term) ?? []);
  return [leaderPart.join("\n"), `what each node remembers of itself, on its own clock\n${nodesTable(nodes)}`, ...(others.length > 0 ? [others.join("\n")] : [])].join("\n\n");
}

function stepsOf(led: Led): TimelineStep[] {
  const { name: leader, moments: { durableMs, committedMs, appliedMs, members } } = led;
  const stragglers = stragglersOf(led);
  const where = (name: string, role: string): string => [name, ...(role === "voter" ? [] : [`(${role})`]), ...(stragglers.includes(name) ? ["straggler"] : [])].join(" ");
  return [
    { at: 0, step: "appended", where: leader },
    { at: durableMs, step: "durable", where: where(leader, "leader") },
    ...members.map(({ name, role, acknowledgedMs }) => ({ at: acknowledgedMs, step: "acknowledged", where: where(name, role) })),
    { at: committedMs, step: "committed", where: "a majority" },
    { at: appliedMs, step: "applied", where: leader },
  ];
}

/** How much of its delay passed on the straggler itself is a duration there, which may stand beside one of the leader's. */
function stragglerLines(led: Led, nodes: readonly Remembering[]): string[] {
  const { committedMs, durableMs, members } = led.moments;
  return stragglersOf(led).map((name) => {
    const at = name === led.name ? durableMs : members.find((member) => member.name === name)!.acknowledgedMs;
    const own = name === led.name ? undefined : nodes.find((node) => node.name === name)?.moments.durableMs;
    const itself = own === undefined || own === null ? "" : `; from its log to its disk it took ${milliseconds(own)} there`;
    if (at === null) return `straggler: ${name} has not ${name === led.name ? "got it on disk" : "acknowledged it"}${itself}`;
    return committedMs === null || at <= committedMs ? `last: ${name}, which completed the majority${itself}` : `straggler: ${name}, ${milliseconds(at - committedMs)} behind the majority${itself}`;
  });
}

function nodesTable(nodes: readonly Remembering[]): string {
  const cell = (at: number | null): string => (at === null ? "-" : milliseconds(at));
  return renderTable(nodes, [
    { title: "NODE", cell: ({ name }) => name },
    { title: "APPENDED", cell: () => cell(0), align: "right" },
    { title: "DURABLE", cell: ({ moments }) => cell(moments.durableMs), align: "right" },
    { title: "COMMITTED", cell: ({ moments }) => cell(moments.committedMs), align: "right" },
    { title: "APPLIED", cell: ({ moments }) => cell(moments.appliedMs), align: "right" },
  ]);
}

/** Why a node is not in the table. */
function exceptionText(answer: TraceAnswer, index: number, term: number | null): string | undefined {
  const name = visible(answer.name);
  if ("error" in answer) return `${name} (${visible(answer.address)}): ${visible(answer.error.message)}`;
  if (answer.moments === null) return answer.lastIndex < index ? `${name} has no such entry: its log ends at ${answer.lastIndex}` : reachText(answer);
  return isOf(answer, term) ? undefined : `${name} has another entry there, of term ${answer.term}`;
}

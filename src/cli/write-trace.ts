// `put --trace`: where the time of one write went, as a table in order of time with small bars, and as JSON.

import type { Client } from "../client/client.ts";
import type { WriteReceipt } from "../client/writes.ts";
import type { WriteTraceReport } from "../wire/admin-protocol.ts";
import { milliseconds as ms, timelineText, type TimelineStep } from "./timeline.ts";

export interface TraceDocument extends WriteTraceReport {
  /** From the request that was answered to its answer, as this client saw it. */
  clientMs: number;
}

/** @throws NOT_FOUND, when leadership has moved, and whatever a call throws: the write itself is done. */
export async function askTrace(client: Client, { index, term, tookMs }: WriteReceipt): Promise<TraceDocument> {
  return { ...(await client.admin.call("writeTrace", { index, term })), clientMs: Math.round(tookMs * 1_000) / 1_000 };
}

export function traceText(trace: TraceDocument, forwardedBy: string | undefined): string {
  return [timelineText(stepsOf(trace)), ...stragglerLines(trace), clientLine(trace, forwardedBy)].join("\n");
}

function stepsOf(trace: TraceDocument): TimelineStep[] {
  const { leader, members, stragglers } = trace;
  const where = ({ name, role }: WriteTraceReport["members"][number]): string =>
    [name, ...(role === "voter" ? [] : [`(${role})`]), ...(stragglers.includes(name) ? ["straggler"] : [])].join(" ");
  return [
    { at: 0, step: "received", where: leader },
    { at: trace.admittedMs, step: "admitted", where: leader },
    { at: trace.appendedMs, step: "appended", where: leader },
    ...members.map((member) => ({ at: member.durableMs, step: "durable", where: where(member) })),
    { at: trace.committedMs, step: "committed", where: "a majority" },
    { at: trace.appliedMs, step: "applied", where: leader },
    { at: trace.answeredMs, step: "answered", where: leader },
  ];
}

function stragglerLines({ members, stragglers, committedMs }: TraceDocument): string[] {
  return members.filter(({ name }) => stragglers.includes(name)).map(({ name, durableMs }) => {
    if (durableMs === null) return `straggler: ${name} had not acknowledged when the leader stopped waiting for it`;
    return committedMs === null || durableMs <= committedMs ? `last: ${name}, which completed the majority` : `straggler: ${name}, ${ms(durableMs - committedMs)} behind the majority`;
  });
}

function clientLine({ leader, clientMs, answeredMs }: TraceDocument, forwardedBy: string | undefined): string {
  if (answeredMs === null) return `the client waited ${ms(clientMs)}`;
  const way = forwardedBy === undefined ? `to ${leader}` : `through ${forwardedBy} to ${leader}`;
  return `the client waited ${ms(clientMs)}: ${ms(Math.max(0, clientMs - answeredMs))} of it on the way ${way} and back`;
}

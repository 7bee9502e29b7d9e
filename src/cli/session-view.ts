// What the `session` verbs show.

import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import type { Sessions } from "../client/sessions.ts";
import type { WriteReceipt } from "../client/writes.ts";
import type { SessionReport } from "../wire/session-reports.ts";
import { roughDuration, roughSize } from "./measure.ts";
import { renderTable } from "./table.ts";

export interface SessionDocument {
  id: string;
  /** The highest number of a request that was executed. */
  lastNumber: string;
  /** Index of the entry that executed last. */
  lastUse: string;
  /** Since then, at most; null: not known. */
  idleMs: number | null;
  /** Before it expires, at least, unless thousands of others need its room; null: not known. */
  remainingMs: number | null;
  /** Numbers whose results are remembered. */
  results: number;
  /** What they take in the state. */
  bytes: number;
}

export interface SessionListDocument {
  /** Those that were used last come first. */
  sessions: SessionDocument[];
  /** Also those that are not shown. */
  total: number;
}

export interface ClosedSessionDocument {
  id: string;
  index: string;
  /** Numbers whose results were remembered. */
  results: number;
  requestId?: string;
}

export interface SessionCloseDocument {
  closed: ClosedSessionDocument[];
  notFound: string[];
}

/** @param limit undefined: all */
export async function sessionListDocument(reports: AsyncIterable<SessionReport>, limit: number | undefined): Promise<SessionListDocument> {
  const all: SessionReport[] = [];
  for await (const report of reports) all.push(report);
  const latest = all.toSorted((left, right) => right.lastUse - left.lastUse).slice(0, limit);
  return { sessions: latest.map((report) => ({ ...report, lastNumber: String(report.lastNumber), lastUse: String(report.lastUse) })), total: all.length };
}

export function sessionsText({ sessions, total }: SessionListDocument): string {
  if (total === 0) return "no sessions";
  const table = renderTable(sessions, [
    { title: "SESSION", cell: ({ id }) => id },
    { title: "LAST NUMBER", cell: ({ lastNumber }) => lastNumber, align: "right" },
    { title: "LAST USE", cell: ({ lastUse }) => lastUse, align: "right" },
    { title: "IDLE", cell: ({ idleMs }) => durationText(idleMs), align: "right" },
    { title: "LASTS", cell: ({ remainingMs }) => (remainingMs === 0 ? "expiring" : durationText(remainingMs)), align: "right" },
    { title: "RESULTS", cell: ({ results }) => String(results), align: "right" },
    { title: "SIZE", cell: ({ bytes }) => roughSize(bytes), align: "right" },
  ]);
  return sessions.length === total ? table : `${table}\n${sessions.length} of ${total} sessions, those that were used last`;
}

function durationText(ms: number | null): string {
  return ms === null ? "-" : roughDuration(ms);
}

/** One after the other; those that do not exist are passed over. `error`: that there were any, or why the rest was not closed. */
export async function closeSessions(sessions: Pick<Sessions, "close">, ids: readonly bigint[]): Promise<{ document: SessionCloseDocument; error: RaftctlError | undefined }> {
  const document: SessionCloseDocument = { closed: [], notFound: [] };
  for (const id of ids) {
    try {
      document.closed.push(closedDocument(id, await sessions.close(id)));
    } catch (thrown) {
      const error = toRaftctlError(thrown);
      if (error.code !== "NOT_FOUND") return { document, error };
      document.notFound.push(id.toString());
    }
  }
  return { document, error: notFoundError(document.notFound) };
}

export function closedDocument(id: bigint, { index, result, requestId }: WriteReceipt): ClosedSessionDocument {
  return { id: id.toString(), index: String(index), results: result?.deleted ?? 0, ...(requestId !== undefined && { requestId }) };
}

export function closedText({ closed }: SessionCloseDocument): string {
  return closed.map(({ id, index, results }) => `OK ${index} closed ${id}, ${results} ${results === 1 ? "result" : "results"} forgotten`).join("\n");
}

function notFoundError(missing: readonly string[]): RaftctlError | undefined {
  if (missing.length === 0) return undefined;
  const what = missing.length === 1 ? `session ${missing[0]}` : `sessions ${missing.join(", ")}`;
  return new RaftctlError("NOT_FOUND", `there is no ${what}: closed, forgotten, or nothing was written under it`, { hint: "raftctl session list" });
}

// The trace of a write as people read it: members by name. host/write-traces.ts keeps it.

import { RaftctlError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import type { Raft } from "../host/region.ts";
import { nameOf } from "../host/status.ts";
import type { WriteTraceReport } from "../wire/admin-protocol.ts";

/** @param timeoutMs of whoever asks: the answer has half of it for its way back. @throws NOT_FOUND when this node has none of that entry. */
export async function traceOf(raft: Raft, { index, term }: { readonly index: number; readonly term: number }, timeoutMs: number): Promise<WriteTraceReport> {
  const report = await raft.traces.report(index, term, timeoutMs / 2);
  if (report === undefined) {
    throw new RaftctlError("NOT_FOUND", `this leader has no trace of entry ${index} of term ${term}: leadership moved, or the write was not sent with the wish for one, or it is long ago`);
  }
  const name = (id: NodeId): string => nameOf(raft.core.membership, id);
  const { index: _index, term: _term, ...times } = report;
  return {
    ...times,
    leader: name(report.leader),
    members: report.members.map(({ id, role, durableMs }) => ({ name: name(id), role, durableMs })),
    stragglers: report.stragglers.map(name),
  };
}

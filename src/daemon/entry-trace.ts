// What this node remembers of an entry, as people read it: members by name. host/entry-moments.ts keeps it.

import type { NodeId } from "../base/ids.ts";
import type { MomentsOfEntry } from "../host/entry-moments.ts";
import type { Raft } from "../host/region.ts";
import { nameOf } from "../host/status.ts";
import type { Membership } from "../raft/membership.ts";
import type { AcknowledgingMember, EntryMomentsReport, EntryTraceReport } from "../wire/entry-trace.ts";

export function entryTraceOf({ core, moments, id }: Pick<Raft, "core" | "moments" | "id">, index: number): EntryTraceReport {
  const { lastIndex, membership } = core;
  const found = moments.of(index);
  return {
    name: nameOf(membership, id), term: moments.reignOver(index)?.term ?? core.termAt(index) ?? null, firstRemembered: moments.first, lastIndex,
    moments: found === undefined ? null : momentsReport(found, membership),
  };
}

function momentsReport({ durableMs, committedMs, appliedMs, acknowledged }: MomentsOfEntry, membership: Membership): EntryMomentsReport {
  return { durableMs, committedMs, appliedMs, members: acknowledged?.map(({ id, ms }) => memberReport(id, ms, membership)) ?? null };
}

function memberReport(id: NodeId, acknowledgedMs: number | null, membership: Membership): AcknowledgingMember {
  const isVoter = membership.voters.includes(id) || membership.votersOutgoing.includes(id);
  return { name: nameOf(membership, id), role: isVoter ? "voter" : "learner", acknowledgedMs };
}

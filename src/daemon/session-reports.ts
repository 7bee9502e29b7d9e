// What the leader tells of sessions. Pages are bounded, so that an answer fits a frame and nobody waits long for the one who looks.

import type { Clock } from "../base/clock.ts";
import type { Raft } from "../host/region.ts";
import type { Machine } from "../machine/machine.ts";
import type { ListedSession } from "../machine/session-list.ts";
import type { AdminMethods } from "../wire/admin-protocol.ts";
import type { SessionReport } from "../wire/session-reports.ts";

export const sessionPageMax = 500;

export interface SessionSources {
  readonly raft: Pick<Raft, "ensureConsistency">;
  readonly machine: Pick<Machine, "sessionPage">;
  readonly clock: Pick<Clock, "wallNow">;
}

export async function sessionList({ raft, machine, clock }: SessionSources, { after, limit }: AdminMethods["sessionList"]["params"], timeoutMs: number): Promise<AdminMethods["sessionList"]["result"]> {
  await raft.ensureConsistency(timeoutMs);
  const { sessions, more } = machine.sessionPage(after === null ? 1n : BigInt(after) + 1n, limit);
  const now = clock.wallNow();
  return { sessions: sessions.map((session) => reportOf(session, now)), more };
}

function reportOf({ id, sequenceMax, lastUse, usedAfter, lastsUntil, results, bytes }: ListedSession, now: number): SessionReport {
  return {
    id: id.toString(), lastNumber: sequenceMax, lastUse, results, bytes,
    idleMs: usedAfter === undefined ? null : Math.max(0, Math.round(now - usedAfter)), remainingMs: lastsUntil === undefined ? null : Math.max(0, Math.round(lastsUntil - now)),
  };
}

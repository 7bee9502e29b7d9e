// `raftctl leave`: what would change is asked first and shown; then the member is removed, and if it is this node its daemon is stopped and its data
// moved aside. Whether a removal is safe is decided by the leader, not here.

import { toRaftctlError } from "../base/errors.ts";
import type { Client } from "../client/client.ts";
import type { DaemonStatus, MemberChangeReport } from "../wire/admin-protocol.ts";
import { stepsText } from "./configuration-view.ts";
import { confirm } from "./confirmation.ts";
import { changeTimeoutMs } from "./member-changing.ts";
import { findMember } from "./member-view.ts";
import { awaitEnd, endProcess, identifyProcess } from "./process-identity.ts";
import { visible } from "./terminal.ts";

export interface LeaveRequest {
  /** Name or id; undefined: this node. */
  readonly node: string | undefined;
  readonly transferTo: string | undefined;
  readonly force: boolean;
  readonly keepData: boolean;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly timeoutMs: number | undefined;
}

export interface LeaveDocument {
  removed: string;
  applied: boolean;
  regions: string[];
  before: Standing;
  after: Standing;
  index: string | null;
  dataMovedTo: string | null;
}

interface Standing {
  voters: number;
  /** How many voters may fail with writes going on; below 0 there is no quorum. */
  tolerance: number;
}

const daemonGraceMs = 10_000;

/** @param archive moves a data directory aside (daemon/offline.ts) and says where to. @throws UNSAFE when it is the last voter or not confirmed */
export async function leave(
  client: Client,
  request: LeaveRequest,
  archive: (dataDir: string) => Promise<string>,
  onSummary: (text: string) => void,
): Promise<LeaveDocument> {
  const daemon = await client.admin.call("daemonStatus", {});
  const { name } = await client.admin.call("status", {});
  const removed = findMember(await client.admin.call("memberList", {}), request.node ?? name).name;
  const params = { promote: [], demote: [], update: [], remove: [removed], transferTo: request.transferTo ?? null, force: request.force };
  const timeoutMs = request.timeoutMs ?? changeTimeoutMs;
  const plan = await client.admin.call("memberChange", { ...params, dryRun: true }, { timeoutMs });
  onSummary(`${visible(removed)} leaves:\n${stepsText(plan)}`);
  if (request.dryRun) return documentOf(removed, plan, null);
  await confirm(`${removed} leaves the cluster for good`, request.yes);
  const removal = await client.admin.call("memberChange", { ...params, dryRun: false }, { timeoutMs });
  if (request.node !== undefined) return documentOf(removed, removal, null);
  await stop(client, daemon);
  return documentOf(removed, removal, request.keepData ? null : await archive(daemon.dataDir));
}

function documentOf(removed: string, { applied, index, before, after }: MemberChangeReport, dataMovedTo: string | null): LeaveDocument {
  const standing = ({ voters, tolerance }: MemberChangeReport["before"]): Standing => ({ voters: voters.length, tolerance });
  return { removed, applied, regions: ["global"], before: standing(before), after: standing(after), index: index === null ? null : String(index), dataMovedTo };
}

/** A removed node may have begun to stop by itself. */
async function stop(client: Client, { pid }: DaemonStatus): Promise<void> {
  const identity = identifyProcess(pid);
  try {
    await client.admin.call("daemonStop", { transfer: false, drainMs: 0 });
  } catch (thrown) {
    const { code } = toRaftctlError(thrown);
    if (code !== "CONNECTION_LOST" && code !== "UNREACHABLE" && code !== "STOPPED") throw thrown;
  }
  if (!(await awaitEnd(identity, daemonGraceMs))) await endProcess(identity, daemonGraceMs);
}

export function leftText(document: LeaveDocument): string {
  if (!document.applied) return "nothing was changed";
  const data = document.dataMovedTo === null ? "" : `\nits data is in ${visible(document.dataMovedTo)}`;
  return `${visible(document.removed)} has left (index ${document.index})${data}`;
}

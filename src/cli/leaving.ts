// `raftctl leave`: what would change is asked first and shown; then the member is removed, and if it is this node its daemon is stopped and its data
// moved aside. Whether a removal is safe is decided by the leader, not here.

import { toRaftctlError } from "../base/errors.ts";
import type { Client } from "../client/client.ts";
import type { DaemonStatus, MemberRemoval } from "../wire/admin-protocol.ts";
import { confirm } from "./confirmation.ts";
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

export interface LeaveDocument extends MemberRemoval {
  dataMovedTo: string | null;
}

/** Removal waits for a commit, and for a handing over before it, so it may take longer than a look. */
const removalTimeoutMs = 30_000;
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
  const params = { node: request.node ?? name, transferTo: request.transferTo ?? null, force: request.force };
  const timeoutMs = request.timeoutMs ?? removalTimeoutMs;
  const plan = await client.admin.call("memberRemove", { ...params, dryRun: true }, { timeoutMs });
  onSummary(planText(plan));
  if (request.dryRun) return { ...plan, dataMovedTo: null };
  await confirm(`${plan.removed} leaves the cluster for good`, request.yes);
  const removal = await client.admin.call("memberRemove", { ...params, dryRun: false }, { timeoutMs });
  if (request.node !== undefined) return { ...removal, dataMovedTo: null };
  await stop(client, daemon);
  return { ...removal, dataMovedTo: request.keepData ? null : await archive(daemon.dataDir) };
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

export function planText({ removed, before, after }: MemberRemoval): string {
  const line = (when: string, { voters, tolerance }: MemberRemoval["before"]): string =>
    `  ${when.padEnd(6)}  ${voters} ${voters === 1 ? "voter" : "voters"}, ${tolerance < 0 ? "no quorum" : `${tolerance} may fail`}`;
  return [`${visible(removed)} leaves:`, line("before", before), line("after", after)].join("\n");
}

export function leftText(document: LeaveDocument): string {
  if (!document.applied) return "nothing was changed";
  const data = document.dataMovedTo === null ? "" : `\nits data is in ${visible(document.dataMovedTo)}`;
  return `${visible(document.removed)} has left (index ${document.index})${data}`;
}

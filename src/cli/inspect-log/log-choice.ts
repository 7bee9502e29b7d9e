// The log of a node that runs: of the one at hand, or of a member, which is asked at its client address in the membership. Who answers there must be
// that member.

import { RaftctlError, toRaftctlError } from "../../base/errors.ts";
import { Client } from "../../client/client.ts";
import type { MemberListReport, MemberReport } from "../../wire/admin-protocol.ts";
import { findMember } from "../member-view.ts";
import { LiveLog } from "./live-log.ts";

/** @throws UNREACHABLE, and how to do without a daemon */
export async function openOwnLog(client: Client): Promise<LiveLog> {
  try {
    return await LiveLog.open(client, nothing);
  } catch (thrown) {
    const error = toRaftctlError(thrown);
    if (error.code !== "UNREACHABLE") throw thrown;
    throw new RaftctlError("UNREACHABLE", error.message, { cause: error, ...(error.details && { details: error.details }), hint: "the log of a stopped node is read with --data-dir DIR" });
  }
}

/** @throws NOT_FOUND, UNREACHABLE, PEER_IDENTITY_MISMATCH */
export async function openMemberLog(client: Client, name: string): Promise<LiveLog> {
  return openLogOf(findMember(await members(client), name), client);
}

/** In the order in which they are named; all, in the order of their names, when none is. @throws NOT_FOUND */
export async function allMembers(client: Client, names: readonly string[]): Promise<readonly MemberReport[]> {
  const report = await members(client);
  if (names.length > 0) return names.map((name) => findMember(report, name));
  return report.members.toSorted((left, right) => left.name.localeCompare(right.name, "en", { numeric: true }));
}

export async function openLogOf(member: MemberReport, origin: Client): Promise<LiveLog> {
  if (member.id === origin.server?.nodeId) return openOwnLog(origin);
  const client = new Client({ endpoints: [member.clientAddress], timeoutMs: origin.timeoutMs, origin: `the membership (${member.name})` });
  try {
    const log = await LiveLog.open(client, () => client.close());
    if (log.header.nodeId === member.id) return log;
    throw new RaftctlError("PEER_IDENTITY_MISMATCH", `${member.clientAddress} is the address of ${member.name}, and node ${log.header.node} (${log.header.nodeId}) answers there`);
  } catch (error) {
    client.close();
    throw error;
  }
}

/** As the node at hand knows them: neither a leader nor a majority is needed. */
function members(client: Client): Promise<MemberListReport> {
  return client.admin.call("memberList", {});
}

function nothing(): void {
  // The command closes the client that it has opened.
}

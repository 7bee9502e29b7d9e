// Which node a snapshot is taken of: the one at hand, the one that leads, or one by its name. Another one is asked at its client address.

import { RaftctlError } from "../../base/errors.ts";
import { Client } from "../../client/client.ts";
import { findMember } from "../member-view.ts";

/** "leader" and "local", or a name or id. */
export type NodeChoice = string;

/** @throws NOT_FOUND, NO_LEADER */
export async function withChosenNode<T>(client: Client, choice: NodeChoice, work: (node: Client) => Promise<T>): Promise<T> {
  if (choice === "local") return work(client);
  const report = await client.admin.call("memberList", {});
  const member = choice === "leader" ? report.members.find(({ leader }) => leader) : findMember(report, choice);
  if (member === undefined) throw new RaftctlError("NO_LEADER", "no leader is known here", { hint: "raftctl status, or --from local" });
  if (member.id === client.server?.nodeId) return work(client);
  const other = new Client({ endpoints: [member.clientAddress], timeoutMs: client.timeoutMs, origin: `the address of member ${member.name}` });
  try {
    return await work(other);
  } finally {
    other.close();
  }
}

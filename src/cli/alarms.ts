// What is wrong enough to stop something, on every node: each alarm with what it means and what ends it. An alarm ends by itself when its cause does.

import { RaftctlError } from "../base/errors.ts";
import type { Client } from "../client/client.ts";
import type { NodeStatus } from "../wire/admin-protocol.ts";
import { askAllNodes, type Unanswered } from "./all-nodes.ts";
import { renderTable } from "./table.ts";
import { visible } from "./terminal.ts";

export interface AlarmDocument {
  node: string;
  region: string;
  alarm: string;
  meaning: string;
  action: string;
}

export interface AlarmsDocument {
  alarms: AlarmDocument[];
  /** Whoever could not be asked. */
  unanswered: { node: string; message: string }[];
}

const known: Readonly<Record<string, { readonly meaning: string; readonly action: string }>> = {
  NO_SPACE: { meaning: "the disk is full: this node takes no new entries, reads go on", action: "free space on this disk; it goes on by itself" },
  QUOTA: { meaning: "a write was refused because the data would have grown beyond the quota", action: "raftctl del --prefix P, or raftctl quota set SIZE" },
  QUOTA_WARNING: { meaning: "more than 80% of the quota is used", action: "raftctl quota show" },
  CORRUPT: { meaning: "the state of this node is not that of the others: it has halted", action: "raftctl doctor, then raftctl join --fresh on this node" },
  REMOVED: { meaning: "this node was removed from the cluster", action: "raftctl join --fresh on this node, or raftctl daemon stop" },
};

const unknown = { meaning: "unknown to this version of raftctl", action: "raftctl doctor" };

export async function listAlarms(client: Client): Promise<AlarmsDocument> {
  const answers = await askAllNodes(client, (node) => node.admin.call("status", {}));
  const silent = answers.filter((answer): answer is Unanswered => "error" in answer);
  const statuses = answers.filter((answer): answer is NodeStatus => !("error" in answer));
  return {
    alarms: statuses.flatMap(({ name, regions }) => regions.flatMap(({ region, alarms }) => alarms.map((alarm) => ({ node: name, region, alarm, ...(known[alarm] ?? unknown) })))),
    unanswered: silent.map(({ name, error }) => ({ node: name, message: error.message })),
  };
}

/** undefined: nothing is out of space. */
export function spaceFinding({ alarms }: AlarmsDocument): RaftctlError | undefined {
  const found = alarms.find(({ alarm }) => alarm === "NO_SPACE" || alarm === "QUOTA");
  if (found === undefined) return undefined;
  return new RaftctlError("NO_SPACE", `${found.alarm} on ${found.node}: ${found.meaning}`, { hint: found.action });
}

export function alarmsText({ alarms, unanswered }: AlarmsDocument): string {
  const table = alarms.length === 0 ? "no alarms" : renderTable(alarms, [
    { title: "NODE", cell: ({ node }) => visible(node) },
    { title: "ALARM", cell: ({ alarm }) => visible(alarm) },
    { title: "MEANING", cell: ({ meaning }) => meaning },
    { title: "WHAT ENDS IT", cell: ({ action }) => action },
  ]);
  return [table, ...unanswered.map(({ node, message }) => `${visible(node)} could not be asked: ${visible(message)}`)].join("\n");
}

// Who leads, and since which term; and where there is no leader, why.

import { RaftctlError } from "../base/errors.ts";
import type { NodeStatus } from "../wire/admin-protocol.ts";
import { roughDuration } from "./measure.ts";
import { electionText } from "./status-view.ts";
import { visible } from "./terminal.ts";

export interface LeaderDocument {
  region: string;
  id: string;
  name: string;
  address: string | null;
  term: string;
}

/** @throws NO_LEADER that says which votes are missing, UNKNOWN_GROUP for a region that the node does not have. */
export function leaderOf(status: NodeStatus, regionName: string): LeaderDocument {
  const region = status.regions.find((report) => report.region === regionName);
  if (region === undefined) throw new RaftctlError("UNKNOWN_GROUP", `node ${status.name} has no region ${JSON.stringify(regionName)}`);
  if (region.leader === null) {
    const why = region.election === null ? "no leader is known" : electionText(region.election);
    throw new RaftctlError("NO_LEADER", `region ${regionName}: ${why}`, {
      hint: "raftctl doctor",
      ...(region.election && { details: { ...region.election, term: String(region.election.term) } }),
    });
  }
  const { id, name } = region.leader;
  const address = region.members.find((member) => member.id === id)?.clientAddress ?? null;
  return { region: regionName, id, name, address, term: String(region.term) };
}

export function transferText(transfer: { readonly old: string | null; readonly new: string; readonly ms: number; readonly applied: boolean }): string {
  const who = `${visible(transfer.old ?? "(none)")} -> ${visible(transfer.new)}`;
  return transfer.applied ? `OK ${who} in ${roughDuration(transfer.ms)}` : `${who}: nothing was changed`;
}

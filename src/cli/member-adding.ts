// `member add`: the leader looks at the address and adds who is there, as a learner.

import { RaftctlError } from "../base/errors.ts";
import type { Client } from "../client/client.ts";
import { readAddress } from "../config/address.ts";
import type { MemberAddReport, MemberAddRequest } from "../wire/admin-protocol.ts";
import { stepsText } from "./configuration-view.ts";
import { changeTimeoutMs, documentOf } from "./member-changing.ts";
import { visible } from "./terminal.ts";

export type MemberAddDocument = Omit<MemberAddReport, "index"> & { index: string | null };

/** @throws USAGE for what is no address, UNSAFE when nobody answers there */
export async function addMember(client: Client, request: MemberAddRequest, timeoutMs: number | undefined, onSummary: (text: string) => void): Promise<MemberAddDocument> {
  if ((readAddress(request.peerAddress)?.port ?? 0) === 0) throw new RaftctlError("USAGE", `${JSON.stringify(request.peerAddress)} is not a peer address: want host:port`);
  const report = await client.admin.call("memberAdd", request, { timeoutMs: timeoutMs ?? changeTimeoutMs });
  onSummary(stepsText(report));
  return documentOf(report);
}

export function addedText({ applied, index, member }: MemberAddDocument): string {
  if (!applied) return "nothing was changed";
  const next = member.reached ? "" : `\nit is expected at ${member.peerAddress}: run raftctl join there, with --name ${visible(member.name)}`;
  return `OK ${index}: ${visible(member.name)} (${member.id}) is a learner${next}`;
}

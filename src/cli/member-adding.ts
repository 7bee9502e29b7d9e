// `member add`: the leader looks at the address and adds who is there, as a learner; who shall vote is promoted once it has caught up.

import { setTimeout as delay } from "node:timers/promises";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import type { Client } from "../client/client.ts";
import { readAddress } from "../config/address.ts";
import type { MemberAddReport, MemberAddRequest } from "../wire/admin-protocol.ts";
import { stepsText } from "./configuration-view.ts";
import { changeMembers, changeTimeoutMs, documentOf } from "./member-changing.ts";
import { visible } from "./terminal.ts";

export type MemberAddDocument = Omit<MemberAddReport, "index"> & { index: string | null; promotedAt: string | null };

export interface Adding {
  readonly request: MemberAddRequest;
  readonly becomesVoter: boolean;
  /** Until it has caught up. */
  readonly waitMs: number;
  /** Of one call. */
  readonly timeoutMs: number | undefined;
}

const pauseMs = 200;

/** @throws USAGE for what is no address, UNSAFE when nobody answers there, UNHEALTHY when it does not catch up in time */
export async function addMember(client: Client, { request, becomesVoter, waitMs, timeoutMs = changeTimeoutMs }: Adding, onSummary: (text: string) => void): Promise<MemberAddDocument> {
  if ((readAddress(request.peerAddress)?.port ?? 0) === 0) throw new RaftctlError("USAGE", `${JSON.stringify(request.peerAddress)} is not a peer address: want host:port`);
  if (becomesVoter) await refuseUnreached(client, request, timeoutMs);
  const report = await client.admin.call("memberAdd", request, { timeoutMs });
  onSummary(stepsText(report));
  const document = { ...documentOf(report), promotedAt: null };
  if (!becomesVoter || request.dryRun) return document;
  return { ...document, promotedAt: await promote(client, report.member.name, { waitMs, timeoutMs }) };
}

/** Who is only expected decides by its own `raftctl join` whether it votes. */
async function refuseUnreached(client: Client, request: MemberAddRequest, timeoutMs: number): Promise<void> {
  const { member } = await client.admin.call("memberAdd", { ...request, dryRun: true }, { timeoutMs });
  if (member.reached) return;
  throw new RaftctlError("INVALID_ARGUMENT", `nobody answers at ${member.peerAddress}, so ${member.name} cannot become a voter yet; nothing was changed`, {
    hint: "leave --role out: raftctl join on the new node makes it a voter",
  });
}

/** A learner that lacks too much is refused with CONFLICT until it has caught up. */
async function promote(client: Client, name: string, { waitMs, timeoutMs }: { readonly waitMs: number; readonly timeoutMs: number }): Promise<string | null> {
  const end = performance.now() + waitMs;
  const request = { change: { promote: [name] }, force: false, dryRun: false, question: undefined, yes: true, timeoutMs };
  for (;;) {
    try {
      return (await changeMembers(client, request, () => undefined)).index;
    } catch (thrown) {
      const error = toRaftctlError(thrown);
      if (error.code !== "CONFLICT" && !error.retryable) throw error;
      if (performance.now() >= end) throw late(name, error);
    }
    await delay(pauseMs);
  }
}

function late(name: string, cause: RaftctlError): RaftctlError {
  return new RaftctlError("UNHEALTHY", `${name} is a learner and was not promoted in time: ${cause.message}`, { cause, hint: `raftctl member promote ${name}` });
}

export function addedText({ applied, index, promotedAt, member }: MemberAddDocument): string {
  if (!applied) return "nothing was changed";
  const next = member.reached ? "" : `\nit is expected at ${member.peerAddress}: run raftctl join there, with --name ${visible(member.name)}`;
  if (promotedAt !== null) return `OK ${promotedAt}: ${visible(member.name)} (${member.id}) is a voter`;
  return `OK ${index}: ${visible(member.name)} (${member.id}) is a learner${next}`;
}

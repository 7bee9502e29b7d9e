// `member promote|demote|remove|update`: what would change is asked first and shown, then it is done in one change. Whether it is safe is decided by the
// leader, not here.

import { RaftctlError } from "../base/errors.ts";
import type { Client } from "../client/client.ts";
import { readAddress } from "../config/address.ts";
import type { MemberChangeReport, MemberChangeRequest, MemberUpdate } from "../wire/admin-protocol.ts";
import { stepsText } from "./configuration-view.ts";
import { confirm } from "./confirmation.ts";
import { findMember } from "./member-view.ts";

export interface MemberChangeDocument extends Omit<MemberChangeReport, "index"> {
  index: string | null;
}

export interface MemberChanging {
  readonly change: Partial<Pick<MemberChangeRequest, "promote" | "demote" | "remove" | "update">>;
  readonly transferTo?: string | undefined;
  readonly force: boolean;
  readonly dryRun: boolean;
  /** What is asked before it is done; undefined: nothing that cannot be undone. */
  readonly question: string | undefined;
  readonly yes: boolean;
  readonly timeoutMs: number | undefined;
}

/** A change waits for its commits, and for a handing over before it. */
export const changeTimeoutMs = 30_000;

/** @throws UNSAFE when it is not confirmed, or when the leader refuses it; UNKNOWN_OUTCOME */
export async function changeMembers(client: Client, request: MemberChanging, onSummary: (text: string) => void): Promise<MemberChangeDocument> {
  const { change, force, dryRun, transferTo, question, yes } = request;
  const params = { promote: [], demote: [], remove: [], update: [], ...change, force, transferTo: transferTo ?? null };
  const timeoutMs = request.timeoutMs ?? changeTimeoutMs;
  const plan = await client.admin.call("memberChange", { ...params, dryRun: true }, { timeoutMs });
  onSummary(stepsText(plan));
  if (plan.refusal !== null) onSummary(`  refused unless forced: ${plan.refusal}`);
  if (dryRun) return documentOf(plan);
  if (question !== undefined) await confirm(question, yes);
  return documentOf(await client.admin.call("memberChange", { ...params, dryRun: false }, { timeoutMs }));
}

/** What the operator typed, as whole names. @throws NOT_FOUND, INVALID_ARGUMENT */
export async function resolveNames(client: Client, wanted: readonly string[]): Promise<string[]> {
  if (wanted.length === 0) return [];
  const report = await client.admin.call("memberList", {});
  return wanted.map((name) => findMember(report, name).name);
}

interface UpdateFlags {
  readonly name: string | undefined;
  readonly "advertise-peer": string | undefined;
  readonly "advertise-client": string | undefined;
  readonly "master-eligible": boolean | undefined;
}

/** @throws USAGE for an address that is none, or when nothing is asked for */
export function memberUpdate(node: string, flags: UpdateFlags): MemberUpdate {
  const { name, "advertise-peer": peerAddress, "advertise-client": clientAddress, "master-eligible": masterEligible } = flags;
  for (const address of [peerAddress, clientAddress]) {
    if (address !== undefined && (readAddress(address)?.port ?? 0) === 0) throw new RaftctlError("USAGE", `${JSON.stringify(address)} is not an address: want host:port`);
  }
  const update = { node, name: name ?? null, peerAddress: peerAddress ?? null, clientAddress: clientAddress ?? null, masterEligible: masterEligible ?? null };
  if (Object.values(update).filter((value) => value !== null).length > 1) return update;
  throw new RaftctlError("USAGE", "nothing to update: give --name, --advertise-peer, --advertise-client or --[no-]master-eligible");
}

export function documentOf<T extends MemberChangeReport>(report: T): Omit<T, "index"> & { index: string | null } {
  return { ...report, index: report.index === null ? null : String(report.index) };
}

export function changedText({ applied, index }: { readonly applied: boolean; readonly index: string | null }): string {
  return applied ? `OK ${index}` : "nothing was changed";
}

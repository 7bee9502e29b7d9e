// `member promote|demote|remove NAME…`: the flags that they share, and the one way from names to a change.

import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import type { Client } from "../client/client.ts";
import { dryRunFlag, yesFlag } from "./flags.ts";
import { changeMembers, resolveNames, type MemberChangeDocument } from "./member-changing.ts";

export const moveArgs = { member: Args.string({ required: true, ignoreStdin: true, description: "name or id; several go in one change" }) };

/** What the leader would refuse with UNSAFE. */
export const forceFlag = Flags.boolean({ default: false, description: "also when those who are up would be no majority afterwards" });

export const moveFlags = {
  "transfer-to": Flags.string({ helpValue: "<name>", description: "who shall lead afterwards, if the leader goes" }),
  force: forceFlag,
  "dry-run": dryRunFlag,
  yes: yesFlag,
};

interface MoveFlags {
  readonly "transfer-to": string | undefined;
  readonly force: boolean;
  readonly "dry-run": boolean;
  readonly yes: boolean;
  readonly timeout: number | undefined;
}

/** Names as they were typed. */
export interface Moves {
  readonly promote?: readonly string[];
  readonly demote?: readonly string[];
  readonly remove?: readonly string[];
}

/** Who leaves does so for good, so that is asked first. @throws as changeMembers */
export async function moveMembers(client: Client, moves: Moves, flags: MoveFlags, onSummary: (text: string) => void): Promise<MemberChangeDocument> {
  const { promote, demote, remove } = {
    promote: await resolveNames(client, moves.promote ?? []), demote: await resolveNames(client, moves.demote ?? []), remove: await resolveNames(client, moves.remove ?? []),
  };
  const question = remove.length === 0 ? undefined : `${remove.join(", ")} ${remove.length === 1 ? "leaves" : "leave"} the cluster for good`;
  const { force, yes, timeout: timeoutMs } = flags;
  return changeMembers(client, { change: { promote, demote, remove }, transferTo: flags["transfer-to"], force, dryRun: flags["dry-run"], yes, timeoutMs, question }, onSummary);
}

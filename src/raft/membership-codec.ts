// A membership as bytes: JSON in UTF-8, as it stands in log entries and snapshots. Decoding trusts nothing: sizes, types, unknown keys and
// the rules that every membership obeys are checked, and what breaks one is a RaftctlError with code CORRUPT.

import { utf8, utf8Text } from "../base/bytes.ts";
import { RaftctlError } from "../base/errors.ts";
import { parseNodeId } from "../base/ids.ts";
import type { NodeId } from "../base/ids.ts";
import type { Member, Membership, Replacement } from "./membership.ts";

export const membersMax = 256;
export const memberTextLengthMax = 300;
export const membershipBytesMax = 1 << 20;

const membershipKeys = ["voters", "votersOutgoing", "learners", "learnersNext", "members"] as const;
const replacementKeys = ["id", "leaving", "newcomer"] as const;
const memberKeys = ["id", "name", "peerAddress", "clientAddress", "incarnation", "masterEligible"] as const;

export function encodeMembership(membership: Membership): Uint8Array {
  const bytes = utf8(JSON.stringify(membership, [...membershipKeys, "replacements", ...memberKeys, ...replacementKeys]));
  if (bytes.length > membershipBytesMax) {
    throw new RaftctlError("TOO_LARGE", `a membership of ${bytes.length} bytes is larger than ${membershipBytesMax}`);
  }
  return bytes;
}

/** @throws CORRUPT */
export function decodeMembership(bytes: Uint8Array): Membership {
  if (bytes.length > membershipBytesMax) throw corrupt(`${bytes.length} bytes are more than ${membershipBytesMax}`);
  const text = utf8Text(bytes);
  if (text === undefined) throw corrupt("it is not UTF-8");
  return checkMembership(parseJson(text));
}

/** Unknown value in, a membership that obeys its rules out. @throws CORRUPT */
export function checkMembership(value: unknown): Membership {
  const hasReplacements = typeof value === "object" && value !== null && Object.hasOwn(value, "replacements");
  const fields = checkKeys(value, hasReplacements ? [...membershipKeys, "replacements"] : membershipKeys, "a membership");
  const membership: Membership = {
    voters: checkIds(fields["voters"], "voters"),
    votersOutgoing: checkIds(fields["votersOutgoing"], "votersOutgoing"),
    learners: checkIds(fields["learners"], "learners"),
    learnersNext: checkIds(fields["learnersNext"], "learnersNext"),
    members: checkList(fields["members"], "members").map(checkMember),
    ...(hasReplacements ? { replacements: checkReplacements(fields["replacements"]) } : {}),
  };
  checkRules(membership);
  return membership;
}

function checkRules(membership: Membership): void {
  const { voters, votersOutgoing, learners, learnersNext, members, replacements } = membership;
  const ids = new Set([...voters, ...votersOutgoing, ...learners]);
  if (voters.length === 0 && ids.size > 0) throw corrupt("it has members but no voter");
  if (learners.some((id) => voters.includes(id) || votersOutgoing.includes(id))) throw corrupt("a learner votes");
  if (learnersNext.some((id) => voters.includes(id) || !votersOutgoing.includes(id))) throw corrupt("a next learner is no outgoing voter");
  if ((replacements ?? []).some(({ leaving }) => !ids.has(leaving))) throw corrupt("who is replaced is no member");
  if (members.length !== ids.size || members.some((member) => !ids.delete(member.id))) throw corrupt("its members are not those that it names");
}

function checkMember(value: unknown): Member {
  const fields = checkKeys(value, memberKeys, "a member");
  const incarnation = fields["incarnation"];
  const masterEligible = fields["masterEligible"];
  if (!Number.isSafeInteger(incarnation) || (incarnation as number) < 0) throw corrupt("an incarnation is not a whole number");
  if (typeof masterEligible !== "boolean") throw corrupt("masterEligible is not true or false");
  return {
    id: checkId(fields["id"]),
    name: checkText(fields["name"], "name"),
    peerAddress: checkText(fields["peerAddress"], "peerAddress"),
    clientAddress: checkText(fields["clientAddress"], "clientAddress"),
    incarnation: incarnation as number,
    masterEligible,
  };
}

function checkReplacements(value: unknown): readonly Replacement[] {
  const replacements = checkList(value, "replacements").map((element) => {
    const fields = checkKeys(element, replacementKeys, "a replacement");
    return { id: checkText(fields["id"], "id"), leaving: checkId(fields["leaving"]), newcomer: checkText(fields["newcomer"], "newcomer") };
  });
  if (replacements.length === 0) throw corrupt("an empty list of replacements is left out");
  return replacements;
}

function checkKeys(value: unknown, keys: readonly string[], what: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw corrupt(`${what} is not an object`);
  const present = Object.keys(value);
  if (present.length !== keys.length || !keys.every((key) => Object.hasOwn(value, key))) throw corrupt(`${what} has other fields`);
  return value as Record<string, unknown>;
}

function checkIds(value: unknown, what: string): readonly NodeId[] {
  const ids = checkList(value, what).map(checkId);
  if (new Set(ids).size !== ids.length) throw corrupt(`${what} names a member twice`);
  return ids;
}

function checkList(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length > membersMax) throw corrupt(`${what} is not a list of at most ${membersMax}`);
  return value;
}

function checkId(value: unknown): NodeId {
  if (typeof value !== "string") throw corrupt("a node id is not a text");
  try {
    return parseNodeId(value);
  } catch (cause) {
    throw corrupt("a node id is not a number from 1 to 2^64-1", cause);
  }
}

function checkText(value: unknown, what: string): string {
  if (typeof value !== "string" || value.length > memberTextLengthMax) throw corrupt(`${what} is not a text of at most ${memberTextLengthMax}`);
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw corrupt("it is not JSON", cause);
  }
}

function corrupt(why: string, cause?: unknown): RaftctlError {
  return new RaftctlError("CORRUPT", `not a membership: ${why}`, cause === undefined ? {} : { cause });
}

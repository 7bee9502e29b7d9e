// Memberships and what goes with them as positional fields: [voters, votersOutgoing, learners, learnersNext, members,
// replacements].

import type { Member, Membership, Replacement } from "../raft/membership.ts";
import type { FieldReader } from "./check.ts";
import type { WireFields } from "./frame.ts";
import { limits } from "./limits.ts";

export function encodeMembership(membership: Membership): WireFields {
  return [
    membership.voters, membership.votersOutgoing, membership.learners, membership.learnersNext, membership.members.map(encodeMember),
    (membership.replacements ?? []).map(({ id, leaving, newcomer }) => [id, leaving, newcomer]),
  ];
}

function encodeMember(member: Member): WireFields {
  return [member.id, member.name, member.peerAddress, member.clientAddress, member.incarnation, member.masterEligible];
}

export function decodeMembership(reader: FieldReader, name: string): Membership {
  const ids = (fields: FieldReader, list: string) => fields.list(list, limits.membersMax, (element) => element.nodeId("id"));
  return reader.group(name, (fields) => {
    const membership: Membership = {
      voters: ids(fields, "voters"),
      votersOutgoing: ids(fields, "votersOutgoing"),
      learners: ids(fields, "learners"),
      learnersNext: ids(fields, "learnersNext"),
      members: fields.list("members", limits.membersMax, (element) => element.group("member", decodeMember)),
    };
    const replacements = fields.list("replacements", limits.membersMax, (element) => element.group("replacement", decodeReplacement));
    return replacements.length === 0 ? membership : { ...membership, replacements };
  });
}

function decodeReplacement(fields: FieldReader): Replacement {
  return { id: fields.text("id", limits.nameBytesMax), leaving: fields.nodeId("leaving"), newcomer: fields.text("newcomer", limits.nameBytesMax) };
}

function decodeMember(fields: FieldReader): Member {
  return {
    id: fields.nodeId("id"),
    name: fields.text("name", limits.nameBytesMax),
    peerAddress: fields.text("peerAddress", limits.addressBytesMax),
    clientAddress: fields.text("clientAddress", limits.addressBytesMax),
    incarnation: fields.integer("incarnation"),
    masterEligible: fields.boolean("masterEligible"),
  };
}

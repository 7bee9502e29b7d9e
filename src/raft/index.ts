// The door of the consensus core: a pure, synchronous state machine for one region, without a run-time dependency (S123).

export { RawNode } from "./raft.ts";
export { entryTypes } from "./entry.ts";
export { describeMessage, describeReady, describeStatus } from "./describe.ts";
export { checkMembership, decodeMembership, encodeMembership } from "./membership-codec.ts";
export { emptyMembership, isJoint, isVoter } from "./membership.ts";
export type { Entry, EntryType, HardState, LogPosition } from "./entry.ts";
export type { Input, Ticket } from "./input.ts";
export type { Member, Membership, MembershipChange } from "./membership.ts";
export type * from "./message.ts";
export type { InitialState, LeaseReadOptions, RaftOptions } from "./options.ts";
export type { Answer, DependentEnvelope, Envelope, PersistBatch, RaftEvent, Ready, Role, Transfer } from "./ready.ts";
export type { PeerStatus, RaftStatus, Votes } from "./status.ts";

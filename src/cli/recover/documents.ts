// The documents of a recovery as their files and `--json` have them: every number is a text, but in memberships, which stand as in the log.

export interface PositionDocument {
  readonly index: string;
  readonly term: string;
}

export interface HardStateDocument {
  readonly currentTerm: string;
  readonly votedFor: string | null;
  readonly commitIndex: string;
}

/** Members by their ids. */
export interface MembershipDocument {
  readonly voters: readonly string[];
  readonly votersOutgoing: readonly string[];
  readonly learners: readonly string[];
  readonly learnersNext: readonly string[];
  readonly members: readonly {
    readonly id: string; readonly name: string; readonly peerAddress: string; readonly clientAddress: string; readonly incarnation: number; readonly masterEligible: boolean;
  }[];
  readonly replacements?: readonly { readonly id: string; readonly leaving: string; readonly newcomer: string }[];
}

export interface SurvivorDocument {
  readonly directory: string;
  readonly clusterId: string;
  readonly clusterIncarnation: string;
  readonly nodeId: string;
  readonly name: string;
  readonly incarnation: string;
  readonly hardState: HardStateDocument;
  readonly appliedIndex: string;
  readonly snapshot: PositionDocument;
  readonly lastIndex: string;
  readonly terms: readonly { readonly firstIndex: string; readonly term: string }[];
  readonly memberships: readonly { readonly index: string; readonly membership: MembershipDocument }[];
  readonly tail: readonly (PositionDocument & { readonly keys: readonly string[] })[];
}

export interface SurvivorsDocument {
  readonly survivors: readonly SurvivorDocument[];
}

export interface NamedNodeDocument {
  readonly nodeId: string;
  readonly name: string;
  readonly peerAddress: string;
}

export interface PlanDocument {
  readonly planId: string;
  readonly madeAt: string;
  readonly clusterId: string;
  readonly fromIncarnation: string;
  readonly clusterIncarnation: string;
  readonly survivor: NamedNodeDocument & { readonly directory: string; readonly last: PositionDocument; readonly hardState: HardStateDocument };
  readonly entry: PositionDocument;
  /** As it will be: the survivor alone. */
  readonly membership: MembershipDocument;
  readonly rejoin: readonly NamedNodeDocument[];
  readonly dead: readonly NamedNodeDocument[];
  readonly deadCouldDecide: boolean;
  readonly loss: LossDocument;
}

export interface LossDocument {
  readonly committedUpTo: string;
  readonly unproven: { readonly from: string; readonly to: string; readonly keys: readonly string[] } | null;
  readonly unknownFrom: string | null;
  readonly entries: readonly { readonly from: string; readonly to: string; readonly term: string; readonly heldBy: readonly string[]; readonly keys: readonly string[] }[];
}

export interface AppliedDocument {
  applied: boolean;
  /** As the directory was found: untouched, fenced by an attempt that was interrupted, or done before. */
  stage: "planned" | "fenced" | "applied";
  planId: string;
  directory: string;
  backup: string;
  clusterIncarnation: string;
  survivor: string;
  rejoin: string[];
}

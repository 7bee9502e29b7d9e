// How far forming is, for people: what stands at which address, what it waits for in one line, and what will not mend itself.

import type { RaftctlError } from "../../base/errors.ts";
import type { FormationProgress } from "../../wire/admin-protocol.ts";
import { clustersIn, formingPeers, mayJoin, type Finding, type FormingSelf } from "./rules.ts";

export interface FormationState {
  readonly self: FormingSelf;
  readonly source: string;
  readonly findings: readonly Finding[];
  /** Of the last look. */
  readonly lookupFailure: RaftctlError | undefined;
}

export function formationProgress(state: FormationState): FormationProgress {
  const { self, source, findings } = state;
  return {
    source,
    expect: self.expect,
    found: formingPeers(findings).length + 1,
    vote: self.vote ?? null,
    addresses: findings.map((finding) => ({ address: finding.address, state: finding.kind, detail: detailOf(finding) })),
    waitsFor: waitsFor(state),
    problem: problemOf(state),
  };
}

function detailOf(finding: Finding): string {
  switch (finding.kind) {
    case "self": return "this node";
    case "forming": return finding.name;
    case "member": return `${finding.name}, of cluster ${finding.cluster.id}`;
    case "refused":
    case "silent": return finding.reason;
  }
}

function waitsFor({ self, source, findings, lookupFailure }: FormationState): string {
  const peers = formingPeers(findings);
  const clusters = clustersIn(findings);
  if (clusters.length > 1) return `${source} names nodes of ${clusters.length} clusters: ${clusters.map(({ id }) => id).join(", ")}`;
  if (clusters.length === 1 && !mayJoin(self)) return `cluster ${clusters[0]!.id} is there already, and discovery.join is never`;
  if (findings.length === 0) return lookupFailure?.message ?? `${source} names no node`;
  const counted = `${peers.length + 1} of ${self.expect} nodes found`;
  if (peers.length + 1 < self.expect) return `${counted}${missing(findings)}`;
  const holder = peers.find(({ nodeId }) => nodeId === self.vote);
  if (self.vote !== undefined && self.vote !== self.nodeId && holder === undefined) {
    return `${counted}, but not node ${self.vote}, which holds this node's vote: start it again${missing(findings)}`;
  }
  return `${counted}, their votes are being collected${missing(findings)}`;
}

function missing(findings: readonly Finding[]): string {
  const away = findings.flatMap((finding) => (finding.kind === "silent" || finding.kind === "refused" ? [`${finding.address}: ${finding.reason}`] : []));
  return away.length === 0 ? "" : `; ${away.join("; ")}`;
}

/** Only when nobody agrees with this node: one that is configured otherwise than all the others must not stop them. */
function problemOf({ self, source, findings }: FormationState): FormationProgress["problem"] {
  const refused = findings.find((finding) => finding.kind === "refused");
  if (refused?.kind === "refused" && formingPeers(findings).length === 0) {
    return { code: "CONFLICT", message: `${refused.address} refuses this node: ${refused.reason}`, hint: "give every node the same --expect and a --name of its own, then init again" };
  }
  const clusters = clustersIn(findings);
  if (clusters.length === 0 || (clusters.length === 1 && mayJoin(self))) return null;
  return { code: "CONFLICT", message: waitsFor({ self, source, findings, lookupFailure: undefined }), hint: "raftctl join names the member to join; or mend the discovery source" };
}

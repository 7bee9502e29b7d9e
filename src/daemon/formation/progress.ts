// How far forming is, for people: what stands at which address, what it waits for in one line, and what will not mend itself.

import type { RaftctlError } from "../../base/errors.ts";
import type { FormationProgress } from "../../wire/admin-protocol.ts";
import { clustersIn, formingPeers, mayJoin, supportOf, type Finding, type FormingSelf } from "./rules.ts";

/** In one line; all addresses are listed beside it. */
const missingShownMax = 5;

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

function waitsFor(state: FormationState): string {
  const { self, source, findings, lookupFailure } = state;
  const clusters = clustersIn(findings);
  if (clusters.length > 1) return `${source} names nodes of ${clusters.length} clusters: ${clusters.map(({ id }) => id).join(", ")}`;
  if (clusters.length === 1 && !mayJoin(self)) return `cluster ${clusters[0]!.id} is there already, and discovery.join is never`;
  if (findings.length === 0) return lookupFailure?.message ?? `${source} names no node`;
  return `${counted(state)}${missing(state)}`;
}

function counted({ self, source, findings }: FormationState): string {
  const peers = formingPeers(findings);
  const found = `${peers.length + 1} of ${self.expect} nodes found`;
  if (peers.length + 1 < self.expect) return found;
  const { vote } = self;
  if (vote !== undefined && vote !== self.nodeId && peers.every(({ nodeId }) => nodeId !== vote)) {
    return `${found}, but not node ${vote}, which holds this node's vote: start it again`;
  }
  const { voters, covered } = vote === undefined ? { voters: 0, covered: 0 } : supportOf(vote, findings);
  if (voters >= self.expect && 2 * covered <= findings.length) {
    return `${found} and agreed, but at ${covered} of the ${findings.length} addresses that ${source} names: it takes more than half of them`;
  }
  return `${found}, their votes are being collected`;
}

function missing({ source, findings, lookupFailure }: FormationState): string {
  const away = findings.flatMap((finding) => (finding.kind === "silent" || finding.kind === "refused" ? [`${finding.address}: ${finding.reason}`] : []));
  const copies = findings.filter(({ kind }) => kind === "self").map(({ address }) => address);
  if (copies.length > 1) away.push(`${copies.join(", ")} answer with this node's own id: if these are several nodes, their directories are copies of one`);
  if (lookupFailure !== undefined) away.push(lookupFailure.message);
  if (away.length > missingShownMax) away.splice(missingShownMax, away.length, `and ${away.length - missingShownMax} more: raftctl discovery probe --discovery ${source}`);
  return away.map((reason) => `; ${reason}`).join("");
}

/** Only when nobody agrees with this node: one that is configured otherwise than all the others must not stop them. */
function problemOf(state: FormationState): FormationProgress["problem"] {
  const { self, findings } = state;
  const refused = findings.find((finding) => finding.kind === "refused");
  if (refused?.kind === "refused" && formingPeers(findings).length === 0) {
    return { code: refused.code, message: `${refused.address} refuses this node: ${refused.reason}`, hint: refused.hint ?? "mend the discovery source, or what is wrong with that node, then init again" };
  }
  const clusters = clustersIn(findings);
  if (clusters.length === 0 || (clusters.length === 1 && mayJoin(self))) return null;
  return { code: "CONFLICT", message: waitsFor(state), hint: "raftctl join names the member to join; or mend the discovery source" };
}

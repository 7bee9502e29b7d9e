// How two backups differ, for people and for programs.

import { RaftctlError } from "../../base/errors.ts";
import { bytesDocument } from "../envelope.ts";
import { shownBytes, visible } from "../terminal.ts";
import type { DifferenceDocument } from "./documents.ts";

interface ComparedHeader {
  readonly clusterId: string;
  readonly index: number;
  readonly term: number;
  readonly membership: { readonly members: readonly { readonly name: string }[] };
}

/** What daemon/backup/difference.ts has found, which this floor may not know. */
export interface ComparedFiles {
  readonly left: ComparedHeader;
  readonly right: ComparedHeader;
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  readonly rewritten: number;
  readonly otherRows: number;
  readonly sameMembership: boolean;
  readonly samePosition: boolean;
  readonly sameCluster: boolean;
  readonly changes: readonly { readonly kind: "added" | "removed" | "changed"; readonly key: Uint8Array }[];
  readonly more: boolean;
}

export function differenceDocument(files: readonly [string, string], compared: ComparedFiles, equal: boolean): DifferenceDocument {
  const { left, right, changes, more, ...counts } = compared;
  return { equal, left: sideOf(files[0], left), right: sideOf(files[1], right), ...counts, keys: changes.map(({ kind, key }) => ({ change: kind, key: bytesDocument(key) })), moreKeys: more };
}

function sideOf(file: string, { clusterId, index, term, membership }: ComparedHeader): DifferenceDocument["left"] {
  return { file, clusterId, lastIndex: String(index), lastTerm: String(term), members: membership.members.map(({ name }) => name) };
}

const signs = { added: "+", removed: "-", changed: "~" } as const;

export function differenceText(document: DifferenceDocument, { changes }: Pick<ComparedFiles, "changes">): string {
  if (document.equal) return "the files hold the same state";
  const { left, right, added, removed, changed, rewritten, otherRows, sameMembership, samePosition, sameCluster, moreKeys } = document;
  const lines = changes.map(({ kind, key }) => `${signs[kind]} ${shownBytes(key)}`);
  if (moreKeys) lines.push("… and more: --limit");
  lines.push(`keys: ${added} added, ${removed} removed, ${changed} changed${rewritten === 0 ? "" : ` (${rewritten} of them to the value that they had)`}`);
  if (otherRows > 0) lines.push(`${otherRows} rows of sessions, streams, leases or settings differ`);
  if (!samePosition) lines.push(`position: index ${left.lastIndex} of term ${left.lastTerm}, then index ${right.lastIndex} of term ${right.lastTerm}`);
  if (!sameMembership) lines.push(`members: ${left.members.map(visible).join(", ")}, then ${right.members.map(visible).join(", ")}`);
  if (!sameCluster) lines.push(`they are of different clusters: ${left.clusterId} and ${right.clusterId}`);
  return lines.join("\n");
}

export function differenceFinding({ equal, added, removed, changed }: DifferenceDocument): RaftctlError | undefined {
  if (equal) return undefined;
  return new RaftctlError("DIFFERENT", `the files differ: ${added} keys added, ${removed} removed, ${changed} changed`);
}

// What `snapshot inspect` and `verify` say of a file: whose state it is, how far, how much of what. Keys are grouped by what they begin with; values are
// never shown.

import { bytesDocument } from "../envelope.ts";
import { roughSize } from "../measure.ts";
import { renderTable } from "../table.ts";
import { shownBytes, visible } from "../terminal.ts";
import type { FileDocument, InspectionDocument, RehearsalDocument, VerifiedDocument } from "./documents.ts";

interface Rows {
  readonly rows: number;
  readonly bytes: number;
}

/** What daemon/backup/inspection.ts has read, which this floor may not know. */
export interface InspectedFile {
  readonly path: string;
  readonly bytes: number;
  readonly imageBytes: number;
  readonly sha256: string | undefined;
  readonly stateDigest: string;
  readonly header: {
    readonly kind: "backup" | "snapshot";
    readonly clusterId: string;
    readonly clusterIncarnation: number | undefined;
    readonly region: { readonly name: string };
    readonly index: number;
    readonly term: number;
    readonly compression: string;
    readonly membership: { readonly voters: readonly string[]; readonly members: readonly { readonly id: string; readonly name: string; readonly peerAddress: string }[] };
  };
  readonly records: Rows;
  readonly sessions: Rows;
  readonly settings: Rows;
  readonly leases: Rows;
  readonly streams: Rows & { readonly streams: number };
  readonly keys: { readonly groups: readonly { readonly prefix: Uint8Array; readonly keys: number; readonly bytes: number }[]; readonly more: boolean } | undefined;
}

export function fileDocument({ path, bytes, imageBytes, sha256, stateDigest, header, records, sessions, settings, leases, streams }: InspectedFile): FileDocument {
  const { kind, compression, clusterId, clusterIncarnation, region, index, term, membership } = header;
  return {
    file: path, kind, bytes, imageBytes, sha256: sha256 ?? null, compression,
    clusterId, clusterIncarnation: clusterIncarnation === undefined ? null : String(clusterIncarnation), region: region.name, lastIndex: String(index), lastTerm: String(term),
    members: membership.members.map(({ id, name, peerAddress }) => ({ id, name, peerAddress, voter: membership.voters.includes(id) })),
    stateDigest, records, sessions, settings, leases, streams,
  };
}

export function inspectionDocument(inspected: InspectedFile): InspectionDocument {
  const { keys } = inspected;
  const groups = keys?.groups.map(({ prefix, ...counts }) => ({ prefix: bytesDocument(prefix), ...counts }));
  return { ...fileDocument(inspected), keys: groups ?? null, moreKeys: keys?.more ?? false };
}

export function inspectionText(document: InspectionDocument): string {
  const text = fileText(document);
  if (document.keys === null) return text;
  const table = renderTable(document.keys, [
    { title: "KEYS", cell: ({ keys }) => String(keys), align: "right" },
    { title: "SIZE", cell: ({ bytes }) => roughSize(bytes), align: "right" },
    { title: "BEGINS WITH", cell: ({ prefix }) => shownBytes(prefix.encoding === "utf8" ? new TextEncoder().encode(prefix.value) : Buffer.from(prefix.value, "base64")) },
  ]);
  return `${text}\n\n${table}${document.moreKeys ? "\nand more: --limit" : ""}`;
}

export function verifiedText(document: VerifiedDocument): string {
  const { rehearsal } = document;
  return [`${visible(document.file)} is whole`, fileText(document), ...(rehearsal === null ? [] : [rehearsalText(rehearsal)])].join("\n");
}

function rehearsalText({ sameState, readyMs, command, exitCode, signal }: RehearsalDocument): string {
  const served = sameState ? `a node started from it in ${readyMs}ms and served the same state` : "a node started from it and served ANOTHER state";
  if (command === null) return served;
  return `${served}; ${visible(command)} ended with ${signal === null ? `exit code ${exitCode}` : signal}`;
}

function fileText(document: FileDocument): string {
  const { kind, bytes, imageBytes, sha256, compression, clusterId, clusterIncarnation, region, lastIndex, lastTerm, members, stateDigest, records, sessions, settings, leases, streams } = document;
  const rows: readonly (readonly [string, string])[] = [
    ["kind", kind === "backup" ? "portable backup" : "a node's own snapshot"],
    ["cluster", `${clusterId}${clusterIncarnation === null ? "" : `, incarnation ${clusterIncarnation}`}`],
    ["region", visible(region)],
    ["position", `index ${lastIndex} of term ${lastTerm}`],
    ["members", members.map(({ name, peerAddress, voter }) => `${visible(name)} at ${visible(peerAddress)}${voter ? "" : " (no voter)"}`).join(", ")],
    ["size", `${roughSize(bytes)}, the image ${roughSize(imageBytes)}, compression ${compression}`],
    ["keys", `${records.rows}, ${roughSize(records.bytes)}`],
    ["sessions", `${sessions.rows} rows, ${roughSize(sessions.bytes)}`],
    ["settings", `${settings.rows}, ${roughSize(settings.bytes)}`],
    ["leases", `${leases.rows} rows, ${roughSize(leases.bytes)}`],
    ["streams", `${streams.streams} with ${streams.rows} records, ${roughSize(streams.bytes)}`],
    ["state digest", stateDigest],
    ...(sha256 === null ? [] : [["sha256", sha256] as const]),
  ];
  return rows.map(([name, value]) => `${name.padEnd(12)}  ${value}`).join("\n");
}

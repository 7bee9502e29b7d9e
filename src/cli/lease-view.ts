// What the `lease` verbs take and show: ids are 16 hexadecimal digits.

import { RaftctlError } from "../base/errors.ts";
import { parseDuration } from "../config/duration.ts";
import type { WriteReceipt } from "../client/writes.ts";
import type { LeaseDetails, LeaseReport } from "../wire/lease-reports.ts";
import { leaseText, parseLease } from "../base/lease-id.ts";
import { bytesDocument, type BytesDocument } from "./envelope.ts";
import { roughDuration } from "./measure.ts";
import { renderTable } from "./table.ts";
import { shownBytes } from "./terminal.ts";

export interface LeaseDocument {
  id: string;
  ttlMs: number;
  /** At least, unless it is kept alive; 0: its time is over and it is about to end. */
  remainingMs: number;
  grantIndex: string;
  keys: number;
}

export interface LeaseDetailsDocument extends LeaseDocument {
  /** With --keys. */
  attached?: BytesDocument[];
  /** With --keys: there are more than are shown. */
  more?: boolean;
}

export interface LeaseGrantDocument {
  id: string;
  ttlMs: number;
  index: string;
  requestId?: string;
}

export interface LeaseRevokeDocument {
  id: string;
  index: string;
  /** Keys that were attached to it. */
  deleted: number;
  requestId?: string;
}

/** @throws USAGE */
export function leaseArgument(text: string): bigint {
  const lease = parseLease(text);
  if (lease === undefined) throw new RaftctlError("USAGE", `${JSON.stringify(text)} is no id of a lease (want 1 to 16 hexadecimal digits, not 0)`);
  return lease;
}

/** Whole milliseconds. @throws USAGE */
export function ttlArgument(text: string): number {
  const ttlMs = parseDuration(text);
  if (!Number.isInteger(ttlMs) || ttlMs < 1) throw new RaftctlError("USAGE", `${JSON.stringify(text)} is no time to live (want 1ms at least, in whole milliseconds)`);
  return ttlMs;
}

export function leaseGrantDocument({ id, ttlMs }: { readonly id: bigint; readonly ttlMs: number }, { index, requestId }: WriteReceipt): LeaseGrantDocument {
  return { id: leaseText(id), ttlMs, index: String(index), ...(requestId !== undefined && { requestId }) };
}

export function leaseRevokeDocument(id: bigint, { index, result, requestId }: WriteReceipt): LeaseRevokeDocument {
  return { id: leaseText(id), index: String(index), deleted: result?.deleted ?? 0, ...(requestId !== undefined && { requestId }) };
}

export function leaseDocument({ id, ttlMs, remainingMs, grantIndex, keys }: LeaseReport): LeaseDocument {
  return { id, ttlMs, remainingMs, grantIndex: String(grantIndex), keys };
}

export function leaseDetailsDocument(details: LeaseDetails): LeaseDetailsDocument {
  const { attached, more } = details;
  return { ...leaseDocument(details), ...(attached !== null && { attached: attached.map(bytesDocument), more }) };
}

export function leasesText(leases: readonly LeaseDocument[]): string {
  if (leases.length === 0) return "no leases";
  return renderTable(leases, [
    { title: "LEASE", cell: ({ id }) => id },
    { title: "TTL", cell: ({ ttlMs }) => roughDuration(ttlMs), align: "right" },
    { title: "REMAINING", cell: remainingText, align: "right" },
    { title: "KEYS", cell: ({ keys }) => String(keys), align: "right" },
    { title: "GRANTED AT", cell: ({ grantIndex }) => grantIndex, align: "right" },
  ]);
}

export function leaseDetailsText(details: LeaseDetails): string {
  const { attached, more } = details;
  const shown = attached === null ? [] : [...attached.map((key) => shownBytes(key)), ...(more ? [`(${details.keys - attached.length} more)`] : [])];
  return [leasesText([leaseDocument(details)]), ...(shown.length > 0 ? ["", ...shown] : [])].join("\n");
}

function remainingText({ remainingMs }: LeaseDocument): string {
  return remainingMs === 0 ? "ending" : roughDuration(remainingMs);
}

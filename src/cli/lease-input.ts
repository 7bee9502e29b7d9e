// The JSON of a lease that is to be granted, as programs send it over HTTP.

import * as v from "valibot";
import { utf8Text } from "../base/bytes.ts";
import { RaftctlError } from "../base/errors.ts";
import { leaseArgument, ttlArgument } from "./lease-view.ts";

export interface LeaseGrantInput {
  readonly ttlMs: number;
  /** undefined: it is to be chosen. */
  readonly id: bigint | undefined;
}

const wanted = 'want {"ttl": "10s"} or {"ttlMs": 10000}, and "id" if it is not to be chosen at random';
const grant = v.union([
  v.strictObject({ ttl: v.string(), id: v.optional(v.string()) }),
  v.strictObject({ ttlMs: v.pipe(v.number(), v.safeInteger(), v.minValue(1)), id: v.optional(v.string()) }),
]);

/** @throws INVALID_ARGUMENT, USAGE */
export function parseLeaseGrant(bytes: Uint8Array): LeaseGrantInput {
  const parsed = v.safeParse(grant, jsonOf(bytes));
  if (!parsed.success) throw new RaftctlError("INVALID_ARGUMENT", `not a lease to be granted: ${wanted}`);
  const { output } = parsed;
  return { ttlMs: "ttl" in output ? ttlArgument(output.ttl) : output.ttlMs, id: output.id === undefined ? undefined : leaseArgument(output.id) };
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8Text(bytes) ?? "not UTF-8");
  } catch (cause) {
    throw new RaftctlError("INVALID_ARGUMENT", `not JSON: ${wanted}`, { cause });
  }
}

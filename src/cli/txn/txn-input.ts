// The JSON of a transaction, as `raftctl txn` reads it. Whatever is not understood is refused, with the place where it stands: a misspelt comparison that was
// passed over would hold always.

import * as v from "valibot";
import { utf8, utf8Text } from "../../base/bytes.ts";

import { RaftctlError } from "../../base/errors.ts";
import type { KeySelection, TxnComparison, TxnOperation, TxnRequest } from "../../client/txn.ts";
import type { Relation } from "../../wire/txn.ts";
import { decodeValue } from "../input.ts";
import { leaseArgument } from "../lease-view.ts";

const relations: Readonly<Record<string, Relation>> = { "=": "equal", "!=": "notEqual", "<": "less", ">": "greater" };
const encoding = v.optional(v.picklist(["utf8", "base64"]), "utf8");
const count = v.union([v.pipe(v.number(), v.safeInteger(), v.minValue(0)), v.pipe(v.string(), v.regex(/^\d{1,16}$/), v.transform(Number), v.safeInteger())], "want an integer from 0 to 2^53-1");
const key = { key: v.string(), keyEncoding: encoding };
const about = { ...key, relation: v.optional(v.picklist(Object.keys(relations), 'want "=", "!=", "<" or ">"'), "=") };

const comparison = v.union([
  v.strictObject({ ...about, version: count }), v.strictObject({ ...about, createIndex: count }), v.strictObject({ ...about, modIndex: count }),
  v.strictObject({ ...about, value: v.string(), encoding }), v.strictObject({ ...key, exists: v.boolean() }),
], 'want {"key": …, "relation": "=", and one of "version", "createIndex", "modIndex", "value"}, or {"key": …, "exists": true|false}');

const prefixed = { prefix: v.string() };
/** Everything is said with the empty prefix only: a deletion in which a name is missing must not be one of everything. */
const ranged = { start: v.string(), end: v.optional(v.string()) };
const listing = { limit: v.optional(v.pipe(v.number(), v.safeInteger())), keysOnly: v.optional(v.boolean(), false) };
const operation = v.union([
  v.strictObject({ op: v.literal("put"), ...key, value: v.string(), encoding, lease: v.optional(v.string()), prev: v.optional(v.boolean(), false) }),
  v.strictObject({ op: v.literal("delete"), ...key, prev: v.optional(v.boolean(), false) }),
  v.strictObject({ op: v.literal("get"), ...key }),
  v.strictObject({ op: v.literal("delete"), ...prefixed }), v.strictObject({ op: v.literal("delete"), ...ranged }),
  v.strictObject({ op: v.literal("get"), ...prefixed, ...listing }), v.strictObject({ op: v.literal("get"), ...ranged, ...listing }),
], 'want {"op": "put", "key": …, "value": …}, or {"op": "delete"} or {"op": "get"} with "key", with "prefix", or with "start" and "end"');

const txn = v.strictObject({ compare: v.optional(v.array(comparison), []), then: v.optional(v.array(operation), []), else: v.optional(v.array(operation), []) });

type ComparisonInput = v.InferOutput<typeof comparison>;
type OperationInput = v.InferOutput<typeof operation>;

/** @throws INVALID_ARGUMENT */
export function parseTxn(bytes: Uint8Array): TxnRequest {
  const document = jsonOf(bytes);
  if (Array.isArray(document)) throw new RaftctlError("INVALID_ARGUMENT", 'not a transaction: want {"compare": […], "then": […], "else": […]}', { hint: "raftctl txn --help shows one" });
  const parsed = v.safeParse(txn, document);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new RaftctlError("INVALID_ARGUMENT", `not a transaction: ${v.getDotPath(issue) ?? "the document"}: ${issue.message}`, { hint: "raftctl txn --help shows one" });
  }
  const { compare, then, else: otherwise } = parsed.output;
  return { compare: compare.map(comparisonOf), then: then.map(operationOf), else: otherwise.map(operationOf) };
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8Text(bytes) ?? "not UTF-8");
  } catch (cause) {
    throw new RaftctlError("INVALID_ARGUMENT", `the transaction is not JSON: ${(cause as Error).message}`, { cause });
  }
}

function comparisonOf(input: ComparisonInput): TxnComparison {
  const name = { key: decodeValue(utf8(input.key), input.keyEncoding) };
  if ("exists" in input) return { ...name, relation: input.exists ? "greater" : "equal", version: 0 };
  const shared = { ...name, relation: relations[input.relation] };
  if ("value" in input) return { ...shared, value: decodeValue(utf8(input.value), input.encoding) };
  if ("version" in input) return { ...shared, version: input.version };
  return "createIndex" in input ? { ...shared, createIndex: input.createIndex } : { ...shared, modIndex: input.modIndex };
}

function operationOf(input: OperationInput): TxnOperation {
  if ("key" in input) {
    const name = decodeValue(utf8(input.key), input.keyEncoding);
    const lease = "lease" in input && input.lease !== undefined ? leaseArgument(input.lease) : undefined;
    if (input.op === "put") return { op: "put", key: name, value: decodeValue(utf8(input.value), input.encoding), wantPrevious: input.prev, lease };
    return input.op === "delete" ? { op: "delete", key: name, wantPrevious: input.prev } : { op: "get", key: name };
  }
  const selection: KeySelection = "prefix" in input ? { prefix: input.prefix } : { start: input.start, end: input.end };
  return input.op === "delete" ? { op: "delete", ...selection } : { op: "get", limit: input.limit, keysOnly: input.keysOnly, ...selection };
}

// PUT and DELETE of one key, and DELETE of all keys with a prefix.

import { RaftctlError } from "../base/errors.ts";
import { bytesDocument } from "../cli/envelope.ts";
import { decodeValue } from "../cli/input.ts";
import { receiptDocument, type ReceiptDocument } from "../cli/kv-result.ts";
import { leaseArgument } from "../cli/lease-view.ts";
import type { WriteOptions, WriteReceipt } from "../client/writes.ts";
import type { Finding } from "./answers.ts";
import { keyOf, type Call } from "./call.ts";
import { deliveryOf, stampHeaders } from "./delivery.ts";
import { decodedKey } from "./query.ts";

const deliveryParameters = ["response", "keyEncoding"];
const conditionParameters = ["ifVersion", "ifAbsent", "ifValue", "prev"];
export const putParameters = [...deliveryParameters, ...conditionParameters, "encoding", "lease"];
export const deleteParameters = [...deliveryParameters, ...conditionParameters];
export const deletePrefixParameters = [...deliveryParameters, "prefix"];

export async function putKey(call: Call): Promise<Finding> {
  const key = keyOf(call);
  const value = decodeValue(call.request.body, call.query.choice("encoding", ["utf8", "base64", "json"]) ?? "utf8");
  const lease = call.query.text("lease");
  const receipt = await call.client.kv.put(key, value, { ...deliveryOf(call), ...conditionOf(call), lease: lease === undefined ? undefined : leaseArgument(lease) });
  return { result: documentOf(receipt, key, call), headers: headersOf(receipt) };
}

export async function deleteKey(call: Call): Promise<Finding> {
  const key = keyOf(call);
  const receipt = await call.client.kv.delete(key, { ...deliveryOf(call), ...conditionOf(call) });
  const deleted = receipt.result?.deleted ?? null;
  const error = deleted === 0 ? new RaftctlError("NOT_FOUND", `no key ${JSON.stringify(bytesDocument(key).value)}`) : undefined;
  return { result: { ...documentOf(receipt, key, call), deleted }, error, headers: headersOf(receipt) };
}

export async function deletePrefix(call: Call): Promise<Finding> {
  const given = call.query.bytes("prefix");
  const prefix = given === undefined ? undefined : decodedKey(given, call.query);
  if (prefix === undefined || prefix.length === 0) throw new RaftctlError("BAD_REQUEST", "say which keys: DELETE /v1/kv/{key}, or ?prefix=P with at least one byte");
  const receipt = await call.client.kv.deletePrefix(prefix, deliveryOf(call));
  return { result: { ...documentOf(receipt, prefix, call), deleted: receipt.result?.deleted ?? null }, headers: headersOf(receipt) };
}

function conditionOf(call: Call): Pick<WriteOptions, "condition" | "wantPrevious"> {
  const { query } = call;
  const version = query.count("ifVersion");
  const value = query.bytes("ifValue");
  const conditions: NonNullable<WriteOptions["condition"]>[] = [
    ...headerConditions(call),
    ...(version === undefined ? [] : [{ kind: "version" as const, version }]),
    ...(query.flag("ifAbsent") ? [{ kind: "absent" as const }] : []),
    ...(value === undefined ? [] : [{ kind: "value" as const, value }]),
  ];
  if (conditions.length > 1) throw new RaftctlError("BAD_REQUEST", "one condition at most: If-Match, If-None-Match, ifVersion, ifAbsent or ifValue");
  return { wantPrevious: query.flag("prev"), condition: conditions[0] };
}

/** If-Match with a version that an ETag said; If-None-Match: * for a key that does not exist. */
function headerConditions({ request }: Call): NonNullable<WriteOptions["condition"]>[] {
  const [match, noneMatch] = [request.header("if-match"), request.header("if-none-match")];
  const [, version] = /^"([0-9]{1,15})"$/.exec(match ?? "") ?? [];
  if (match !== undefined && version === undefined) throw new RaftctlError("BAD_REQUEST", `If-Match: ${match.slice(0, 80)} is not valid, want one version in quotes, as an ETag says it`);
  if (noneMatch !== undefined && noneMatch !== "*") throw new RaftctlError("BAD_REQUEST", `If-None-Match: ${noneMatch.slice(0, 80)} is not valid, want * (the key does not exist)`);
  return [...(version === undefined ? [] : [{ kind: "version" as const, version: Number(version) }]), ...(noneMatch === undefined ? [] : [{ kind: "absent" as const }])];
}

function documentOf(receipt: WriteReceipt, key: Uint8Array, call: Call): ReceiptDocument {
  const { query } = call;
  const { value, encoding } = bytesDocument(key);
  const wantPrevious = query.has("prev") && query.flag("prev");
  return { ...receiptDocument(receipt, { key: value, response: deliveryOf(call).waitFor, wantPrevious }), keyEncoding: encoding };
}

function headersOf(receipt: WriteReceipt): Record<string, string> {
  const { result } = receipt;
  return { ...stampHeaders(receipt), ...(result !== undefined && result.version > 0 && { etag: `"${result.version}"` }) };
}

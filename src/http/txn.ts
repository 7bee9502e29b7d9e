// POST of a transaction: the JSON that `raftctl txn` reads, answered as it answers.

import { RaftctlError } from "../base/errors.ts";
import { parseTxn } from "../cli/txn/txn-input.ts";
import { txnDocument } from "../cli/txn/txn-view.ts";
import type { Finding } from "./answers.ts";
import type { Call } from "./call.ts";
import { deliveryOf, stampHeaders } from "./delivery.ts";

export const txnParameters = ["response"];

export async function postTxn(call: Call): Promise<Finding> {
  const delivery = deliveryOf(call);
  const receipt = await call.client.kv.txn(parseTxn(call.request.body), delivery);
  const found = { result: txnDocument(receipt, delivery.waitFor), headers: stampHeaders(receipt) };
  return receipt.succeeded === false ? { ...found, error: new RaftctlError("CONFLICT", "the comparisons did not hold"), status: 412 } : found;
}

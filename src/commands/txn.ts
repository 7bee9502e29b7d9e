import * as Flags from "@oclif/core/flags";
import { RaftctlError } from "../base/errors.ts";
import { BaseCommand } from "../cli/base-command.ts";
import type { TxnDocument } from "../cli/txn/txn-view.ts";
import { deliveryFlags, writeOptions } from "../cli/write-flags.ts";

export default class TxnCommand extends BaseCommand {
  static override summary = "Compare, and then read and write several keys at once";
  static override description = `Reads a transaction as JSON: what must hold (compare), what is done then, and what is done else, at one index of the log.

  { "compare": [{ "key": "lock", "exists": false }, { "key": "app/mode", "relation": "<", "version": 7 }],
    "then": [{ "op": "put", "key": "lock", "value": "me" }, { "op": "delete", "prefix": "app/old/" }],
    "else": [{ "op": "get", "key": "lock" }] }

A comparison is about version, createIndex, modIndex or value, with the relation = (the default), !=, < or >, or says that a key exists or not. Operations: put (key, value, prev), delete and get (key, or prefix, or start and end). A keyEncoding or encoding of base64 is for bytes that are no text. No two operations of one side write the same key.

Exit 6 when the comparisons did not hold, whether or not there was something to do else: what was done is shown.`;
  static override examples = ["<%= config.bin %> txn --file move.json", "echo '{\"then\":[{\"op\":\"put\",\"key\":\"a\",\"value\":\"1\"}]}' | <%= config.bin %> txn --stdin --json"];
  static override flags = {
    file: Flags.string({ helpValue: "<file>", description: "read the transaction from this file", exclusive: ["stdin"] }),
    stdin: Flags.boolean({ description: "read the transaction from the standard input" }),
    ...deliveryFlags,
  };

  async run(): Promise<TxnDocument> {
    const { flags } = await this.parse(TxnCommand);
    const [{ readInput }, { parseTxn }, { txnDocument, outcomesText }] = await Promise.all([import("../cli/input.ts"), import("../cli/txn/txn-input.ts"), import("../cli/txn/txn-view.ts")]);
    const request = parseTxn(await readInput({ file: flags.file, stdin: flags.stdin }, "transaction"));
    const client = await this.connect(flags);
    const receipt = await client.kv.txn(request, await writeOptions(flags));
    const document = txnDocument(receipt, flags.response);
    this.print(`${receipt.succeeded === false ? "ELSE" : "OK"} ${receipt.index}`);
    this.write(outcomesText(receipt.outcomes ?? []));
    if (receipt.succeeded === false) this.fail(new RaftctlError("CONFLICT", "the comparisons did not hold"), document);
    return document;
  }
}

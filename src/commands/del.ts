import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { RaftctlError } from "../base/errors.ts";
import { BaseCommand } from "../cli/base-command.ts";
import { conditionFlags, deliveryFlags, writeOptions } from "../cli/write-flags.ts";
import type { ReceiptDocument } from "../cli/kv-result.ts";

export default class Del extends BaseCommand {
  static override summary = "Delete a key, or all keys with a prefix";
  static override description = "Prints OK, the log index and the number of keys deleted. Exit 4 when KEY does not exist; a prefix without keys is fine.";
  static override examples = [
    "<%= config.bin %> del app/mode",
    "<%= config.bin %> del app/mode --if-version 3",
    "<%= config.bin %> del app/ --prefix --json",
  ];
  static override args = {
    key: Args.string({ required: true, ignoreStdin: true, description: "the key, or the prefix with --prefix" }),
  };
  static override flags = {
    prefix: Flags.boolean({ description: "delete every key that begins with KEY, in one step", exclusive: ["prev", "if-version", "if-absent", "if-value"] }),
    ...conditionFlags,
    ...deliveryFlags,
  };

  async run(): Promise<ReceiptDocument> {
    const { args, flags } = await this.parse(Del);
    const [client, { receiptDocument }] = await Promise.all([this.connect(flags), import("../cli/kv-result.ts")]);
    const options = await writeOptions(flags);
    const receipt = flags.prefix ? await client.kv.deletePrefix(args.key, options) : await client.kv.delete(args.key, options);
    const deleted = receipt.result?.deleted ?? null;
    const written = { key: args.key, response: flags.response, wantPrevious: flags.prev };
    const document = { ...receiptDocument(receipt, written), deleted };
    if (deleted === 0 && !flags.prefix) this.fail(new RaftctlError("NOT_FOUND", `no key ${JSON.stringify(args.key)}`), document);
    this.print(deleted === null ? `OK ${receipt.index}` : `OK ${receipt.index} deleted ${deleted}`);
    if (flags.prev) this.printPrevious(receipt.result?.previous?.value);
    return document;
  }
}

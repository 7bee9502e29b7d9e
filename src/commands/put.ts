import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { toRaftctlError } from "../base/errors.ts";
import { BaseCommand } from "../cli/base-command.ts";
import { conditionFlags, deliveryFlags, writeOptions } from "../cli/write-flags.ts";
import type { PutDocument } from "../cli/kv-result.ts";
import type { TraceDocument } from "../cli/write-trace.ts";
import type { Client } from "../client/client.ts";
import type { WriteReceipt } from "../client/writes.ts";

export default class Put extends BaseCommand {
  static override summary = "Store a value under a key";
  static override description = "Prints OK and the log index. Exit 4 when the lease does not exist, 6 when a condition does not hold, 10 when it is unknown whether it was stored.";
  static override examples = [
    "<%= config.bin %> put app/mode blue",
    "<%= config.bin %> put app/config --file config.json --encoding json --if-absent",
    "<%= config.bin %> put app/mode green --if-version 3 --prev --json",
    "<%= config.bin %> put app/mode red --trace",
  ];
  static override args = {
    key: Args.string({ required: true, ignoreStdin: true, description: "the key" }),
    value: Args.string({ ignoreStdin: true, description: "the value; - reads it from the standard input" }),
  };
  static override flags = {
    file: Flags.string({ helpValue: "<file>", description: "take the value from this file", exclusive: ["stdin"] }),
    stdin: Flags.boolean({ description: "take the value from the standard input" }),
    encoding: Flags.option({
      options: ["utf8", "base64", "json"] as const, default: "utf8" as const, description: "how the value is given; json also checks it",
    })(),
    lease: Flags.string({ helpValue: "<id>", description: "delete the key when this lease ends (raftctl lease grant)" }),
    trace: Flags.boolean({ description: "show where its time went: which node had it on disk when, and who was last" }),
    ...conditionFlags,
    ...deliveryFlags,
  };

  async run(): Promise<PutDocument> {
    const { args, flags } = await this.parse(Put);
    const [{ readValue }, { receiptDocument }] = await Promise.all([import("../cli/input.ts"), import("../cli/kv-result.ts")]);
    const value = await readValue({ argument: args.value, file: flags.file, stdin: flags.stdin }, flags.encoding);
    const lease = flags.lease === undefined ? undefined : (await import("../cli/lease-view.ts")).leaseArgument(flags.lease);
    const client = await this.connect(flags);
    const receipt = await client.kv.put(args.key, value, { ...(await writeOptions(flags)), lease, trace: flags.trace });
    this.print(`OK ${receipt.index}`);
    const document = receiptDocument(receipt, { key: args.key, response: flags.response, wantPrevious: flags.prev });
    if (flags.prev) this.printPrevious(receipt.result?.previous?.value);
    return flags.trace ? { ...document, trace: await this.#trace(client, receipt) } : document;
  }

  /** The value is stored: that its trace is not to be had is no failure. */
  async #trace(client: Client, receipt: WriteReceipt): Promise<TraceDocument | null> {
    const { askTrace, traceText } = await import("../cli/write-trace.ts");
    try {
      const trace = await askTrace(client, receipt);
      this.print(traceText(trace, receipt.forwardedBy));
      return trace;
    } catch (error) {
      this.addWarning({ code: "NO_TRACE", message: `stored, but without a trace: ${toRaftctlError(error).message}` });
      return null;
    }
  }
}

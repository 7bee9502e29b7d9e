import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { RaftctlError } from "../base/errors.ts";
import { BaseCommand } from "../cli/base-command.ts";
import { countFlag, durationFlag } from "../cli/flags.ts";
import type { ReadDocument } from "../cli/read.ts";

export default class Get extends BaseCommand {
  static override summary = "Read a key, or all keys of a prefix or range";
  static override description = "Into a pipe the value of a single KEY is written byte for byte. Exit 4 when KEY does not exist.";
  static override examples = [
    "<%= config.bin %> get app/mode",
    "<%= config.bin %> get --prefix app/ --keys-only",
    "<%= config.bin %> get --range a..b --limit 10 --json",
    "<%= config.bin %> get app/mode --consistency stale --max-lag 500ms",
  ];
  static override args = { key: Args.string({ ignoreStdin: true, description: "the key" }) };
  static override flags = {
    prefix: Flags.string({ helpValue: "<prefix>", description: "all keys that begin so", exclusive: ["range"] }),
    range: Flags.string({ helpValue: "<a..b>", description: "all keys from A (included) to B (not included); either may be empty" }),
    "keys-only": Flags.boolean({ description: "no values" }),
    limit: countFlag({ description: "at most so many keys" }),
    count: Flags.boolean({ description: "only how many keys there are", exclusive: ["keys-only", "limit"] }),
    consistency: Flags.option({
      options: ["linearizable", "leader", "stale"] as const, default: "linearizable" as const,
      description: "linearizable: sees every write that was acknowledged before; leader: what the leader has; stale: what the node at hand has",
    })(),
    "max-lag": durationFlag({ description: "with stale: exit 11 when the node heard of a leader longer ago" }),
    "min-index": countFlag({ helpValue: "<index>", description: "wait until this log index is applied" }),
    output: Flags.option({ options: ["raw", "text"] as const, default: "text" as const, description: "raw: bytes as they are, also on a terminal" })(),
  };

  async run(): Promise<ReadDocument> {
    const { args, flags } = await this.parse(Get);
    const [{ readTarget }, { read }] = await Promise.all([import("../cli/read-query.ts"), import("../cli/read.ts")]);
    const target = readTarget({ key: args.key, prefix: flags.prefix, range: flags.range });
    const options = { consistency: flags.consistency, minIndex: flags["min-index"], maxLagMs: flags["max-lag"] };
    const keysOnly = flags["keys-only"];
    const client = await this.connect(flags);
    const { document, records } = await read(client, { target, limit: flags.limit, keysOnly, countOnly: flags.count, options });
    const [single] = records;
    if ("key" in target && single === undefined) this.fail(new RaftctlError("NOT_FOUND", `no key ${JSON.stringify(target.key)}`), document);
    if (this.jsonEnabled()) return document;
    const { recordLines, singleValue } = await import("../cli/kv-text.ts");
    if (flags.count) this.print(String(document.count));
    else if ("key" in target && !keysOnly) this.write(singleValue(single!.value, flags.output, process.stdout.isTTY));
    else this.write(recordLines(records, { mode: flags.output, keysOnly }));
    return document;
  }
}

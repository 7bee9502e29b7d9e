import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../cli/base-command.ts";
import { dryRunFlag } from "../../cli/flags.ts";
import { ruleFlags } from "../../cli/rule-input.ts";
import type { RuleChangeDocument } from "../../cli/rules-view.ts";

export default class RulesSet extends BaseCommand {
  static override summary = "What may be written under a prefix, from now on";
  static override description =
    "For the whole cluster, in place of the rule that the prefix has. The leader refuses a write that breaks it before it enters the log (exit 7). What is there already stays, except that a unique field must be unique (exit 6 names the keys). Reading the values of a unique field takes a while where there are many: give --timeout.";
  static override examples = [
    "<%= config.bin %> rules set users/ --schema user.schema.json --unique /email",
    "<%= config.bin %> rules set users/ --file users.rule.json --dry-run",
    "<%= config.bin %> rules set audit/ --immutable --max-value-bytes 4KiB",
  ];
  static override args = { prefix: Args.string({ required: true, ignoreStdin: true, description: "of keys; '' is every key" }) };
  static override flags = { ...ruleFlags, "dry-run": dryRunFlag };

  async run(): Promise<RuleChangeDocument> {
    const { args, flags } = await this.parse(RulesSet);
    const [{ ruleText }, { changeDocument, changeText }, { RaftctlError }] = await Promise.all([import("../../cli/rule-input.ts"), import("../../cli/rules-view.ts"), import("../../base/errors.ts")]);
    const rule = await ruleText(args.prefix, flags);
    if (rule === undefined) throw new RaftctlError("USAGE", "say what the rule asks for: --file, --stdin, or one of --schema, --unique, --max-value-bytes, --max-key-bytes, --immutable");
    const client = await this.connect(flags);
    const change = await client.admin.call("rulesSet", { rule, dryRun: flags["dry-run"] });
    this.print(changeText(change, "set"));
    return changeDocument(change);
  }
}

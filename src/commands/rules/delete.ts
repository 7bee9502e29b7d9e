import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../cli/base-command.ts";
import { dryRunFlag } from "../../cli/flags.ts";
import type { RuleChangeDocument } from "../../cli/rules-view.ts";

export default class RulesDelete extends BaseCommand {
  static override summary = "Take the rule of a prefix away";
  static override description = "No key is touched. Exit 4 when the prefix has no rule.";
  static override examples = ["<%= config.bin %> rules delete users/"];
  static override args = { prefix: Args.string({ required: true, ignoreStdin: true, description: "of the rule; '' is that of every key" }) };
  static override flags = { "dry-run": dryRunFlag };

  async run(): Promise<RuleChangeDocument> {
    const { args, flags } = await this.parse(RulesDelete);
    const [{ changeDocument, changeText }, client] = await Promise.all([import("../../cli/rules-view.ts"), this.connect(flags)]);
    const change = await client.admin.call("rulesDelete", { prefix: args.prefix, dryRun: flags["dry-run"] });
    this.print(changeText(change, "deleted"));
    return changeDocument(change);
  }
}

import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../cli/base-command.ts";
import type { RuleReport } from "../../wire/rule-reports.ts";

export default class RulesShow extends BaseCommand {
  static override summary = "The rule of one prefix, as a file that rules set takes";
  static override description = "Exit 4 when the prefix has none.";
  static override examples = ["<%= config.bin %> rules show users/ > users.rule.json"];
  static override args = { prefix: Args.string({ required: true, ignoreStdin: true, description: "of the rule; '' is that of every key" }) };

  async run(): Promise<RuleReport> {
    const { args, flags } = await this.parse(RulesShow);
    const [{ findRule, ruleText }, client] = await Promise.all([import("../../cli/rules-view.ts"), this.connect(flags)]);
    const report = findRule((await client.admin.call("rules", {})).rules, args.prefix);
    this.print(ruleText(report.rule));
    return report;
  }
}

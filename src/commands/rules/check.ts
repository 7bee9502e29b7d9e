import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../cli/base-command.ts";
import { ruleFlags } from "../../cli/rule-input.ts";
import type { RuleCheckReport } from "../../wire/rule-reports.ts";

export default class RulesCheck extends BaseCommand {
  static override summary = "Which of the present keys would break a rule";
  static override description = "Changes nothing. Without a rule it is the one in force. Exit 11 when there are such keys; the first hundred are named.";
  static override examples = ["<%= config.bin %> rules check users/ --file users.rule.json", "<%= config.bin %> rules check users/ --json | jq -r '.result.found[].key'"];
  static override args = { prefix: Args.string({ required: true, ignoreStdin: true, description: "of keys; '' is every key" }) };
  static override flags = ruleFlags;

  async run(): Promise<RuleCheckReport> {
    const { args, flags } = await this.parse(RulesCheck);
    const [{ ruleText }, { checkFinding, checkText }, client] = await Promise.all([import("../../cli/rule-input.ts"), import("../../cli/rules-view.ts"), this.connect(flags)]);
    const rule = (await ruleText(args.prefix, flags)) ?? null;
    const report = await client.admin.call("rulesCheck", { prefix: args.prefix, rule });
    this.print(checkText(report));
    const finding = checkFinding(report);
    return finding === undefined ? report : this.fail(finding, report);
  }
}

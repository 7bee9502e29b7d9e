import { BaseCommand } from "../../cli/base-command.ts";
import type { AdminMethods } from "../../wire/admin-protocol.ts";

export default class RulesList extends BaseCommand {
  static override summary = "What may be written under which prefix";
  static override description = "As the node at hand has applied them. A key must obey every rule whose prefix it begins with.";
  static override examples = ["<%= config.bin %> rules list", "<%= config.bin %> rules list --json | jq '.result.rules[].rule.prefix'"];

  async run(): Promise<AdminMethods["rules"]["result"]> {
    const { flags } = await this.parse(RulesList);
    const [{ ruleList }, client] = await Promise.all([import("../../cli/rules-view.ts"), this.connect(flags)]);
    const report = await client.admin.call("rules", {});
    this.print(ruleList(report.rules));
    return report;
  }
}

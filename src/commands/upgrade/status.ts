import { BaseCommand } from "../../cli/base-command.ts";
import type { UpgradeReport } from "../../wire/admin-protocol.ts";

export default class UpgradeStatus extends BaseCommand {
  static override summary = "Which cluster version is in force, and which ones the members know";
  static override description =
    "Asks every member; needs no leader. Who does not answer is listed, and only warned about. Exit 15 while some members know a newer version and others do not: upgrade those first.";
  static override examples = ["<%= config.bin %> upgrade status", "<%= config.bin %> upgrade status --json | jq .result.target"];

  async run(): Promise<UpgradeReport> {
    const { flags } = await this.parse(UpgradeStatus);
    const [{ silenceWarnings, upgradeFinding, upgradeText }, client] = await Promise.all([import("../../cli/upgrade-view.ts"), this.connect(flags)]);
    const report = await client.admin.call("upgradeStatus", {});
    this.print(upgradeText(report));
    for (const warning of silenceWarnings(report)) this.addWarning(warning);
    const finding = upgradeFinding(report);
    return finding === undefined ? report : this.fail(finding, report);
  }
}

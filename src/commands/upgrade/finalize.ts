import { BaseCommand } from "../../cli/base-command.ts";
import { dryRunFlag, yesFlag } from "../../cli/flags.ts";
import type { FinalizeDocument } from "../../cli/upgrade-view.ts";

export default class UpgradeFinalize extends BaseCommand {
  static override summary = "Let the cluster use what all of its members have come to know; there is no way back";
  static override description =
    "Sets the highest cluster version that every member knows. All of them have to answer (exit 6 names who does not). Until then each node can go back to the version of raftctl that it ran before. Exit 9 without --yes where nobody can be asked, 15 while members know no newer version in common.";
  static override examples = ["<%= config.bin %> upgrade finalize --dry-run", "<%= config.bin %> upgrade finalize --yes --json"];
  static override flags = { "dry-run": dryRunFlag, yes: yesFlag };

  async run(): Promise<FinalizeDocument> {
    const { flags } = await this.parse(UpgradeFinalize);
    const [view, { confirm }, client] = await Promise.all([import("../../cli/upgrade-view.ts"), import("../../cli/confirmation.ts"), this.connect(flags)]);
    let result = await client.admin.call("upgradeFinalize", { dryRun: true });
    if (!flags["dry-run"] && result.target > result.finalized) {
      await confirm(view.consequences(result), flags.yes);
      result = await client.admin.call("upgradeFinalize", { dryRun: false });
    }
    this.print(view.finalizedText(result));
    return view.finalizeDocument(result);
  }
}

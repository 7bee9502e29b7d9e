import { BaseCommand } from "../../cli/base-command.ts";
import { dryRunFlag } from "../../cli/flags.ts";
import type { AdminMethods } from "../../wire/admin-protocol.ts";

export default class LeaderResign extends BaseCommand {
  static override summary = "Make the present leader hand over, whoever it is";
  static override description = "The leader chooses the member that is furthest along. Exit 5 when there is no leader, 6 when nobody can take over.";
  static override examples = ["<%= config.bin %> leader resign", "<%= config.bin %> leader resign --timeout 10s --json"];
  static override flags = { "dry-run": dryRunFlag };

  async run(): Promise<AdminMethods["leaderTransfer"]["result"]> {
    const { flags } = await this.parse(LeaderResign);
    const [client, { transferText }] = await Promise.all([this.connect(flags), import("../../cli/leadership.ts")]);
    const transfer = await client.admin.call("leaderTransfer", { to: null, dryRun: flags["dry-run"] });
    this.print(transferText(transfer));
    return transfer;
  }
}

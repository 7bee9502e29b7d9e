import { BaseCommand } from "../../cli/base-command.ts";
import type { AdminMethods } from "../../wire/admin-protocol.ts";

export default class LeaderResign extends BaseCommand {
  static override summary = "Make the present leader hand over, whoever it is";
  static override description = "The leader chooses the member that is furthest along. Exit 5 when there is no leader, 6 when nobody can take over.";
  static override examples = ["<%= config.bin %> leader resign", "<%= config.bin %> leader resign --timeout 10s --json"];

  async run(): Promise<AdminMethods["leaderResign"]["result"]> {
    const { flags } = await this.parse(LeaderResign);
    const [client, { transferText }] = await Promise.all([this.connect(flags), import("../../cli/leadership.ts")]);
    const transfer = await client.admin.call("leaderResign", {});
    this.print(transferText(transfer));
    return transfer;
  }
}

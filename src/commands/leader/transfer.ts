import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../cli/base-command.ts";
import { dryRunFlag } from "../../cli/flags.ts";
import type { AdminMethods } from "../../wire/admin-protocol.ts";

export default class LeaderTransfer extends BaseCommand {
  static override summary = "Hand leadership to another member";
  static override description =
    "Without NAME the leader chooses the member that is furthest along. Any node may be asked; it passes the request on. Exit 6 when the transfer failed: then the old leader goes on.";
  static override examples = ["<%= config.bin %> leader transfer n2", "<%= config.bin %> leader transfer --json"];
  static override args = { member: Args.string({ ignoreStdin: true, description: "name or id of the member" }) };
  static override flags = { "dry-run": dryRunFlag };

  async run(): Promise<AdminMethods["leaderTransfer"]["result"]> {
    const { args, flags } = await this.parse(LeaderTransfer);
    const client = await this.connect(flags);
    const [{ findMember }, { transferText }] = await Promise.all([import("../../cli/member-view.ts"), import("../../cli/leadership.ts")]);
    const target = args.member === undefined ? null : findMember(await client.admin.call("memberList", {}), args.member);
    const transfer = await client.admin.call("leaderTransfer", { to: target?.name ?? null, dryRun: flags["dry-run"] });
    this.print(transferText(transfer));
    return transfer;
  }
}

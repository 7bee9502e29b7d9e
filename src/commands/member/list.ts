import { BaseCommand } from "../../cli/base-command.ts";
import { memberConsistencyFlag } from "../../cli/flags.ts";
import type { MemberDocument } from "../../cli/status-view.ts";
import type { ReplacementReport } from "../../wire/admin-protocol.ts";

export default class MemberList extends BaseCommand {
  static override summary = "Members of the region, with roles, addresses and lag";
  static override description = "What only the leader knows (match, lag, last contact) is shown when the leader can be asked. Exit 5 without a leader only where --consistency asks for one.";
  static override examples = ["<%= config.bin %> member list", "<%= config.bin %> member list --json | jq -r '.result.members[].name'"];
  static override flags = { consistency: memberConsistencyFlag };

  async run(): Promise<{ members: MemberDocument[]; membershipIndex: string; failureTolerance: number; replacements: ReplacementReport[] }> {
    const { flags } = await this.parse(MemberList);
    const client = await this.connect(flags);
    const report = await client.admin.call("memberList", { consistency: flags.consistency ?? null });
    const [{ memberTable }, { memberDocument }] = await Promise.all([import("../../cli/member-view.ts"), import("../../cli/status-view.ts")]);
    this.print(memberTable(report));
    const { membershipIndex, failureTolerance, replacements } = report;
    return { members: report.members.map(memberDocument), membershipIndex: String(membershipIndex), failureTolerance, replacements };
  }
}

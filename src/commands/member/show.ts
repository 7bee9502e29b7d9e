import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../cli/base-command.ts";
import { memberConsistencyFlag } from "../../cli/flags.ts";
import type { MemberDocument } from "../../cli/status-view.ts";

export default class MemberShow extends BaseCommand {
  static override summary = "One member, by its name or id";
  static override description = "Exit 4 when there is no such member. The beginning of a name is enough when it fits only one.";
  static override examples = ["<%= config.bin %> member show n2", "<%= config.bin %> member show n2 --json"];
  static override args = { member: Args.string({ required: true, ignoreStdin: true, description: "name or id" }) };
  static override flags = { consistency: memberConsistencyFlag };

  async run(): Promise<MemberDocument> {
    const { args, flags } = await this.parse(MemberShow);
    const client = await this.connect(flags);
    const report = await client.admin.call("memberList", { consistency: flags.consistency ?? null });
    const [{ findMember, memberText }, { memberDocument }] = await Promise.all([import("../../cli/member-view.ts"), import("../../cli/status-view.ts")]);
    const member = findMember(report, args.member);
    this.print(memberText(member));
    return memberDocument(member);
  }
}

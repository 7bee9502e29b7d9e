import { BaseCommand } from "../../cli/base-command.ts";
import type { MemberChangeDocument } from "../../cli/member-changing.ts";
import { moveArgs, moveFlags, moveMembers } from "../../cli/member-moving.ts";

export default class MemberDemote extends BaseCommand {
  static override summary = "Make voters learners";
  static override description =
    "They go on to receive the log and decide nothing any more. Exit 9 for the last voter and for what would cost the quorum.";
  static override examples = ["<%= config.bin %> member demote n3", "<%= config.bin %> member demote n3 n4 --dry-run --json"];
  static override strict = false;
  static override args = moveArgs;
  static override flags = moveFlags;

  async run(): Promise<MemberChangeDocument> {
    const { argv, flags } = await this.parse(MemberDemote);
    const [{ changedText }, client] = await Promise.all([import("../../cli/member-changing.ts"), this.connect(flags)]);
    const document = await moveMembers(client, { demote: argv as string[] }, flags, (text) => this.note(text));
    this.print(changedText(document));
    return document;
  }
}

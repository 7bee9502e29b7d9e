import { BaseCommand } from "../../cli/base-command.ts";
import type { MemberChangeDocument } from "../../cli/member-changing.ts";
import { moveArgs, moveFlags, moveMembers } from "../../cli/member-moving.ts";

export default class MemberRemove extends BaseCommand {
  static override summary = "Take members out of the cluster, for good";
  static override description =
    "Also dead ones; several go in one joint change. Exit 9 for the last voter, for what would cost the quorum, and without --yes where nobody can be asked. A member that runs is told, and its data stays where it is.";
  static override examples = ["<%= config.bin %> member remove n3", "<%= config.bin %> member remove n3 n4 --dry-run --json"];
  static override strict = false;
  static override args = moveArgs;
  static override flags = moveFlags;

  async run(): Promise<MemberChangeDocument> {
    const { argv, flags } = await this.parse(MemberRemove);
    const [{ changedText }, client] = await Promise.all([import("../../cli/member-changing.ts"), this.connect(flags)]);
    const document = await moveMembers(client, { remove: argv as string[] }, flags, (text) => this.note(text));
    this.print(changedText(document));
    return document;
  }
}

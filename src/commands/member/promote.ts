import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import type { MemberChangeDocument } from "../../cli/member-changing.ts";
import { moveArgs, moveFlags, moveMembers } from "../../cli/member-moving.ts";

export default class MemberPromote extends BaseCommand {
  static override summary = "Make learners voters";
  static override description =
    "Refused (exit 6) for a learner that has not caught up, and (exit 9) where those who are up would be no majority. Several go in one joint change.";
  static override examples = [
    "<%= config.bin %> member promote n4",
    "<%= config.bin %> member promote n6 n7 --remove n1,n2 --yes",
    "<%= config.bin %> member promote n4 --dry-run --json",
  ];
  static override strict = false;
  static override args = moveArgs;
  static override flags = {
    remove: Flags.string({ multiple: true, multipleNonGreedy: true, delimiter: ",", helpValue: "<name>", description: "members that leave in the same change" }),
    ...moveFlags,
  };

  async run(): Promise<MemberChangeDocument> {
    const { argv, flags } = await this.parse(MemberPromote);
    const [{ changedText }, client] = await Promise.all([import("../../cli/member-changing.ts"), this.connect(flags)]);
    const document = await moveMembers(client, { promote: argv as string[], remove: flags.remove ?? [] }, flags, (text) => this.note(text));
    this.print(changedText(document));
    return document;
  }
}

import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import { dryRunFlag, yesFlag } from "../../cli/flags.ts";
import type { MemberChangeDocument } from "../../cli/member-changing.ts";

export default class MemberDemote extends BaseCommand {
  static override summary = "Make voters learners";
  static override description =
    "They go on to receive the log and decide nothing any more. Exit 9 for the last voter and for what would cost the quorum.";
  static override examples = ["<%= config.bin %> member demote n3", "<%= config.bin %> member demote n3 n4 --dry-run --json"];
  static override strict = false;
  static override args = { member: Args.string({ required: true, ignoreStdin: true, description: "name or id; several go in one change" }) };
  static override flags = {
    "transfer-to": Flags.string({ helpValue: "<name>", description: "who shall lead afterwards, if the leader goes" }),
    force: Flags.boolean({ default: false, description: "also when those who are up would be no majority afterwards" }),
    "dry-run": dryRunFlag,
    yes: yesFlag,
  };

  async run(): Promise<MemberChangeDocument> {
    const { argv, flags } = await this.parse(MemberDemote);
    const names = argv as string[];
    const [{ changedText, changeMembers, resolveNames }, client] = await Promise.all([import("../../cli/member-changing.ts"), this.connect(flags)]);
    const demote = await resolveNames(client, names);
    const document = await changeMembers(client, {
      change: { demote }, transferTo: flags["transfer-to"], force: flags.force, dryRun: flags["dry-run"], yes: flags.yes, timeoutMs: flags.timeout,
      question: undefined,
    }, (text) => this.note(text));
    this.print(changedText(document));
    return document;
  }
}

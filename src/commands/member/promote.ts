import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import { dryRunFlag, yesFlag } from "../../cli/flags.ts";
import type { MemberChangeDocument } from "../../cli/member-changing.ts";

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
  static override args = { member: Args.string({ required: true, ignoreStdin: true, description: "name or id; several go in one change" }) };
  static override flags = {
    remove: Flags.string({ multiple: true, multipleNonGreedy: true, delimiter: ",", helpValue: "<name>", description: "members that leave in the same change" }),
    "transfer-to": Flags.string({ helpValue: "<name>", description: "who shall lead afterwards, if the leader goes" }),
    force: Flags.boolean({ default: false, description: "also when those who are up would be no majority afterwards" }),
    "dry-run": dryRunFlag,
    yes: yesFlag,
  };

  async run(): Promise<MemberChangeDocument> {
    const { argv, flags } = await this.parse(MemberPromote);
    const names = argv as string[];
    const [{ changedText, changeMembers, resolveNames }, client] = await Promise.all([import("../../cli/member-changing.ts"), this.connect(flags)]);
    const promote = await resolveNames(client, names);
    const remove = await resolveNames(client, flags.remove ?? []);
    const document = await changeMembers(client, {
      change: { promote, remove }, transferTo: flags["transfer-to"], force: flags.force, dryRun: flags["dry-run"], yes: flags.yes, timeoutMs: flags.timeout,
      question: remove.length === 0 ? undefined : `${remove.join(", ")} ${remove.length === 1 ? "leaves" : "leave"} the cluster for good`,
    }, (text) => this.note(text));
    this.print(changedText(document));
    return document;
  }
}

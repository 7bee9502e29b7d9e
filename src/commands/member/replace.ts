import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import { dryRunFlag, durationFlag, yesFlag } from "../../cli/flags.ts";
import { forceFlag } from "../../cli/member-moving.ts";
import type { ReplacementDocument } from "../../cli/member-replacing.ts";

export default class MemberReplace extends BaseCommand {
  static override summary = "Let a new node take the place of a member, in one step";
  static override description =
    "The operation is recorded in the log: the leader, whoever that is, waits until the node called NEW has joined (raftctl join --name NEW) and caught up, then makes it a voter and removes MEMBER in one joint change. The command follows it; interrupted, the operation goes on. --resume ID follows it again, --cancel ID gives it up. Exit 11 when it is not done in time, and goes on.";
  static override examples = [
    "<%= config.bin %> member replace n3 --with n6 --yes",
    "<%= config.bin %> member replace n3 --with n6 --dry-run",
    "<%= config.bin %> member replace --cancel 40213377",
  ];
  static override args = { member: Args.string({ ignoreStdin: true, description: "name or id of the member that goes, dead or alive" }) };
  static override flags = {
    with: Flags.string({ helpValue: "<name>", description: "name of the node that takes its place" }),
    resume: Flags.string({ helpValue: "<id>", exclusive: ["with", "cancel"], description: "follow an operation that is under way" }),
    cancel: Flags.string({ helpValue: "<id>", exclusive: ["with", "resume"], description: "give an operation up; who has joined stays" }),
    "wait-for": durationFlag({ default: 600_000, description: "how long it is followed" }),
    "no-wait": Flags.boolean({ default: false, description: "begin it and return" }),
    force: forceFlag,
    "dry-run": dryRunFlag,
    yes: yesFlag,
  };

  async run(): Promise<ReplacementDocument> {
    const { args, flags } = await this.parse(MemberReplace);
    const [{ replaceMember, replacedText }, client] = await Promise.all([import("../../cli/member-replacing.ts"), this.connect(flags)]);
    const request = {
      member: args.member, newcomer: flags.with, resume: flags.resume, cancel: flags.cancel, force: flags.force, dryRun: flags["dry-run"], yes: flags.yes, quiet: flags.quiet,
      waitMs: flags["no-wait"] ? 0 : flags["wait-for"], timeoutMs: flags.timeout,
    };
    const document = await replaceMember(client, request, (text) => this.note(text));
    this.print(replacedText(document));
    return document;
  }
}

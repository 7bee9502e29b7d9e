import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import { dryRunFlag } from "../../cli/flags.ts";
import type { MemberChangeDocument } from "../../cli/member-changing.ts";

export default class MemberUpdate extends BaseCommand {
  static override summary = "Change what the cluster knows of a member";
  static override description =
    "Needed when a member cannot say it itself: a member that starts with another address or name announces that on its own, and so overrides what was set here. Exit 6 when the name or the address is another member's.";
  static override examples = [
    "<%= config.bin %> member update n3 --advertise-peer 10.0.0.9:7401",
    "<%= config.bin %> member update n3 --no-master-eligible --dry-run",
  ];
  static override args = { member: Args.string({ required: true, ignoreStdin: true, description: "name or id" }) };
  static override flags = {
    name: Flags.string({ helpValue: "<name>", description: "another name" }),
    "advertise-peer": Flags.string({ helpValue: "<host:port>", description: "where the others reach its peer listener" }),
    "advertise-client": Flags.string({ helpValue: "<host:port>", description: "where clients reach it" }),
    "master-eligible": Flags.boolean({ allowNo: true, description: "may it lead" }),
    "dry-run": dryRunFlag,
  };

  async run(): Promise<MemberChangeDocument> {
    const { args, flags } = await this.parse(MemberUpdate);
    const [{ changedText, changeMembers, memberUpdate, resolveNames }, client] = await Promise.all([import("../../cli/member-changing.ts"), this.connect(flags)]);
    const [node] = await resolveNames(client, [args.member]);
    const change = { update: [memberUpdate(node!, flags)] };
    const request = { change, force: false, dryRun: flags["dry-run"], yes: true, timeoutMs: flags.timeout, question: undefined };
    const document = await changeMembers(client, request, (text) => this.note(text));
    this.print(changedText(document));
    return document;
  }
}

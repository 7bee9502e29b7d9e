import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import type { MemberPlanDocument } from "../../cli/member-planning.ts";

export default class MemberPlan extends BaseCommand {
  static override summary = "What a membership change would do, step by step";
  static override description =
    "Runs the code of the change on the membership as it is now, and changes nothing: each step's voters, the votes that writes need, how many may fail, and whose single failure would stop writes. Exit 9 when a change would be refused. Any node answers, also without a leader. A script is a list of changes, each with add, promote, demote or remove.";
  static override examples = [
    "<%= config.bin %> member plan --add n4 --remove n1",
    "<%= config.bin %> member plan --script changes.yaml --json",
  ];
  static override flags = {
    add: Flags.string({ multiple: true, multipleNonGreedy: true, delimiter: ",", helpValue: "<name>", description: "a newcomer that shall vote, taken to be up" }),
    promote: Flags.string({ multiple: true, multipleNonGreedy: true, delimiter: ",", helpValue: "<name>", description: "a learner that shall vote" }),
    demote: Flags.string({ multiple: true, multipleNonGreedy: true, delimiter: ",", helpValue: "<name>", description: "a voter that shall be a learner" }),
    remove: Flags.string({ multiple: true, multipleNonGreedy: true, delimiter: ",", helpValue: "<name>", description: "a member that shall leave" }),
    script: Flags.string({ helpValue: "<file>", exclusive: ["add", "promote", "demote", "remove"], description: "changes one after the other, JSON or YAML" }),
  };

  async run(): Promise<MemberPlanDocument> {
    const { flags } = await this.parse(MemberPlan);
    const [{ plannedChanges, planDocument, planFinding, planText }, client] = await Promise.all([import("../../cli/member-planning.ts"), this.connect(flags)]);
    const changes = await plannedChanges(flags);
    const document = planDocument(await client.admin.call("memberPlan", { changes }));
    this.print(planText(document));
    const finding = planFinding(document);
    return finding === undefined ? document : this.fail(finding, document);
  }
}

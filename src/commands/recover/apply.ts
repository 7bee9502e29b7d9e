import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import { dryRunFlag, yesFlag } from "../../cli/flags.ts";
import type { AppliedDocument, PlanDocument } from "../../cli/recover/documents.ts";

export default class RecoverApply extends BaseCommand {
  static override summary = "Carry a plan out on the survivor that it names";
  static override description =
    "Raises the cluster incarnation, which shuts every other node out, and makes this one the only voter. Copies of what is changed stay in <dir>/recovery-<plan>. Safe to repeat after a crash. The daemon must be stopped. Exit 9 when the directory is not as it was planned, and without --yes where nobody can be asked; 13 for damage or a changed plan.";
  static override examples = [
    "<%= config.bin %> recover apply --plan recovery.plan --data-dir /var/lib/raftctl",
    "<%= config.bin %> recover apply --plan recovery.plan --data-dir ./n2 --dry-run --json",
  ];
  static override flags = {
    plan: Flags.string({ required: true, helpValue: "<file>", description: "written by recover plan" }),
    "data-dir": Flags.string({ required: true, helpValue: "<dir>", description: "data directory of the survivor" }),
    "dry-run": dryRunFlag,
    yes: yesFlag,
  };

  async run(): Promise<AppliedDocument> {
    const { flags } = await this.parse(RecoverApply);
    const [{ appliedText, applyQuestion, planSummary }, { confirm }, { applyPlanFile, readPlanDocument }] = await Promise.all([
      import("../../cli/recover/plan-text.ts"), import("../../cli/confirmation.ts"), import("../../daemon/offline.ts"),
    ]);
    const plan = (await readPlanDocument(flags.plan)).content as PlanDocument;
    const request = { planFile: flags.plan, dataDir: flags["data-dir"] };
    const found = await applyPlanFile({ ...request, dryRun: true });
    const goesOn = !flags["dry-run"] && found.stage !== "applied";
    if (goesOn && !flags.yes) this.note(planSummary(plan));
    if (goesOn) await confirm(applyQuestion(plan), flags.yes);
    if (goesOn) await applyPlanFile({ ...request, dryRun: false });
    const { planId, clusterIncarnation, survivor, rejoin } = plan;
    const document = { applied: goesOn, ...found, planId, clusterIncarnation, survivor: survivor.name, rejoin: rejoin.map(({ name }) => name) };
    this.print(appliedText(document));
    return document;
  }
}

import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import { yesFlag } from "../../cli/flags.ts";
import type { PlanDocument } from "../../cli/recover/documents.ts";

const probeTimeoutMs = 2_000;

export default class RecoverPlan extends BaseCommand {
  static override summary = "Choose the survivor that goes on, and say what may be lost";
  static override description =
    "Works on data directories of stopped nodes, on files of `recover collect`, or on both; every member must be either there or named dead. Changes nothing but the plan file. Exit 9 when the quorum is not lost, when a node of the cluster still answers, and without --yes when the dead could go on by themselves; 13 for damage.";
  static override examples = [
    "<%= config.bin %> recover plan --data-dir ./n1 --data-dir ./n2 --dead n3,n4,n5 --out recovery.plan",
    "<%= config.bin %> recover plan n1.survivor n2.survivor --dead n3,n4,n5 --out recovery.plan --yes",
    "<%= config.bin %> recover plan n1.survivor --dead n2,n3 --json",
  ];
  static override strict = false;
  static override args = { file: Args.string({ ignoreStdin: true, description: "files that recover collect has written" }) };
  static override flags = {
    "data-dir": Flags.string({ multiple: true, multipleNonGreedy: true, helpValue: "<dir>", description: "data directory of a stopped node on this machine" }),
    dead: Flags.string({ required: true, multiple: true, multipleNonGreedy: true, delimiter: ",", helpValue: "<names>", description: "members that are gone for good" }),
    out: Flags.string({ helpValue: "<file>", description: "write the plan there, for recover apply" }),
    yes: yesFlag,
  };

  async run(): Promise<PlanDocument & { out: string | null }> {
    const { flags, argv } = await this.parse(RecoverPlan);
    const [{ planQuestion, planSummary, planText }, { confirm }, { recoveryPlanDocument, writeRecoveryDocument }] = await Promise.all([
      import("../../cli/recover/plan-text.ts"), import("../../cli/confirmation.ts"), import("../../daemon/offline.ts"),
    ]);
    const sources = { directories: flags["data-dir"] ?? [], files: argv as string[], dead: flags.dead, timeoutMs: flags.timeout ?? probeTimeoutMs };
    const document = await recoveryPlanDocument(sources);
    const plan = document.content as PlanDocument;
    if (flags.out !== undefined && plan.deadCouldDecide) {
      if (!flags.yes) this.note(planSummary(plan));
      await confirm(planQuestion(plan), flags.yes);
    }
    if (flags.out !== undefined) await writeRecoveryDocument(flags.out, document);
    this.print(planText(plan, flags.out));
    return { ...plan, out: flags.out ?? null };
  }
}

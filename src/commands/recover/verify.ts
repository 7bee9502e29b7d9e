import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import type { PlanDocument } from "../../cli/recover/documents.ts";
import type { VerificationDocument } from "../../cli/recover/verification.ts";

export default class RecoverVerify extends BaseCommand {
  static override summary = "Check that the cluster that runs is the one that the plan promised";
  static override description =
    "Asks a node of the recovered cluster: cluster and incarnation, a leader, the planned entry committed, none of the old members left, and a linearizable read. Exit 0 when all is so, 11 naming what is not.";
  static override examples = [
    "<%= config.bin %> recover verify --plan recovery.plan --socket /var/lib/raftctl/admin.sock",
    "<%= config.bin %> recover verify --plan recovery.plan --endpoint n2:7400 --json",
  ];
  static override flags = { plan: Flags.string({ required: true, helpValue: "<file>", description: "written by recover plan" }) };

  async run(): Promise<VerificationDocument> {
    const { flags } = await this.parse(RecoverVerify);
    const [{ verificationFinding, verificationText, verifyRecovery }, { readPlanDocument }] = await Promise.all([
      import("../../cli/recover/verification.ts"), import("../../daemon/offline.ts"),
    ]);
    const plan = (await readPlanDocument(flags.plan)).content as PlanDocument;
    const document = await verifyRecovery(await this.connect(flags), plan);
    this.print(verificationText(document));
    const finding = verificationFinding(document);
    return finding === undefined ? document : this.fail(finding, document);
  }
}

import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../cli/base-command.ts";
import { countFlag } from "../../cli/flags.ts";
import type { DifferenceDocument } from "../../cli/snapshot/documents.ts";

export default class SnapshotDiff extends BaseCommand {
  static override summary = "How two backups differ";
  static override description =
    "Keys that were added (+), removed (-) and written (~) from the first file to the second, position and members. Values are never shown. Exit 0 when they hold the same state, 12 when they differ, 4 when one is not there, 13 for damage.";
  static override examples = ["<%= config.bin %> snapshot diff monday.raftbak tuesday.raftbak", "<%= config.bin %> snapshot diff a.raftbak b.raftbak --limit 0 --json"];
  static override args = {
    from: Args.string({ required: true, ignoreStdin: true, description: "the first backup" }),
    to: Args.string({ required: true, ignoreStdin: true, description: "the second backup" }),
  };
  static override flags = { limit: countFlag({ description: "keys that are listed (default 1000)" }) };

  async run(): Promise<DifferenceDocument> {
    const { args, flags } = await this.parse(SnapshotDiff);
    const [{ differenceDocument, differenceFinding, differenceText }, { compareFiles, isEqual }] = await Promise.all([
      import("../../cli/snapshot/difference-view.ts"), import("../../daemon/offline.ts"),
    ]);
    const compared = await compareFiles(args.from, args.to, flags.limit ?? 1_000);
    const document = differenceDocument([args.from, args.to], compared, isEqual(compared));
    this.print(differenceText(document, compared));
    const finding = differenceFinding(document);
    return finding === undefined ? document : this.fail(finding, document);
  }
}

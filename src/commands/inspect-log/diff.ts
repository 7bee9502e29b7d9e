import * as Flags from "@oclif/core/flags";
import { countFlag } from "../../cli/flags.ts";
import { LogCommand } from "../../cli/inspect-log/log-command.ts";
import type { ComparisonDocument } from "../../cli/inspect-log/comparison-document.ts";

export default class InspectLogDiff extends LogCommand<ComparisonDocument> {
  static override summary = "Whether the logs of several nodes agree, and where they part";
  static override description =
    "Of running nodes and of data directories, mixed; without either, of all members. Exit 0 when they hold the same; 12 for what is legal: one is behind, or they differ where not both have committed; 13 for what must never be: committed entries that differ, or damage.";
  static override examples = [
    "<%= config.bin %> inspect-log diff",
    "<%= config.bin %> inspect-log diff --node n1 --node n2 --from 1000",
    "<%= config.bin %> inspect-log diff --node n1 --data-dir /mnt/n2 --data-dir /mnt/n3 --json",
  ];
  static override flags = {
    node: Flags.string({ multiple: true, multipleNonGreedy: true, delimiter: ",", helpValue: "<name>", description: "a member that runs" }),
    "data-dir": Flags.string({ multiple: true, multipleNonGreedy: true, helpValue: "<dir>", description: "the data directory of a node" }),
    from: countFlag({ helpValue: "<index>", description: "compare from this index on" }),
  };

  protected async look(): Promise<ComparisonDocument> {
    const { flags } = await this.parse(InspectLogDiff);
    const [{ compareSources }, { comparisonDocument, comparisonFinding }, { comparisonText }, { openLogDirectory }] = await Promise.all([
      import("../../cli/inspect-log/comparing.ts"), import("../../cli/inspect-log/comparison-document.ts"),
      import("../../cli/inspect-log/comparison-text.ts"), import("../../daemon/offline.ts"),
    ]);
    const compared = await compareSources(await this.openAll(flags, openLogDirectory), flags.from);
    this.print(comparisonText(compared));
    const document = comparisonDocument(compared);
    const finding = comparisonFinding(document);
    return finding === undefined ? document : this.fail(finding, document);
  }
}

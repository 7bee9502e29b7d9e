import { RaftctlError } from "../../base/errors.ts";
import { BaseCommand } from "../../cli/base-command.ts";
import { countFlag, dryRunFlag } from "../../cli/flags.ts";
import type { PrunedDocument } from "../../cli/snapshot/documents.ts";

export default class SnapshotPrune extends BaseCommand {
  static override summary = "Remove the node's own snapshots but the newest ones";
  static override description = "The newest one stays, and so does one that travels to another node or waits to be installed. Backups that were written to files are not touched.";
  static override examples = ["<%= config.bin %> snapshot prune", "<%= config.bin %> snapshot prune --keep 2 --dry-run --json"];
  static override flags = { keep: countFlag({ description: "how many stay, at least 1 (default 1)" }), "dry-run": dryRunFlag };

  async run(): Promise<PrunedDocument> {
    const { flags } = await this.parse(SnapshotPrune);
    if (flags.keep === 0) throw new RaftctlError("USAGE", "--keep 0: the newest snapshot stays, a restart begins from it");
    const [client, { prunedDocument, prunedText }] = await Promise.all([this.connect(flags), import("../../cli/snapshot/snapshot-view.ts")]);
    const document = prunedDocument(await client.admin.call("snapshotPrune", { keep: flags.keep ?? 1, dryRun: flags["dry-run"] }));
    this.print(prunedText(document));
    return document;
  }
}

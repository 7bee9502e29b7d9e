import { LogCommand, logFlags } from "../../cli/inspect-log/log-command.ts";
import type { SummaryDocument } from "../../cli/inspect-log/summary.ts";

export default class InspectLogSummary extends LogCommand<SummaryDocument> {
  static override summary = "What a node's log is made of";
  static override description =
    "Terms, counts and bytes by type, sessions, the keys under which most was written, snapshots, and segments with what may be purged. Exit 13 for damage.";
  static override examples = ["<%= config.bin %> inspect-log summary", "<%= config.bin %> inspect-log summary --node n2 --json", "<%= config.bin %> inspect-log summary --data-dir /mnt/n3"];
  static override flags = logFlags;

  protected async look(): Promise<SummaryDocument> {
    const { flags } = await this.parse(InspectLogSummary);
    const [{ summarize }, { damageFinding }, { openLogDirectory }] = await Promise.all([
      import("../../cli/inspect-log/summary.ts"), import("../../cli/inspect-log/listing.ts"), import("../../daemon/offline.ts"),
    ]);
    const log = await this.openLog(flags, openLogDirectory);
    const { document, text } = await summarize(log);
    this.print(text);
    const damage = damageFinding(log.header);
    return damage === undefined ? document : this.fail(damage, document);
  }
}

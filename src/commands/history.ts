import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { evidenceFlags } from "../cli/history/history-flags.ts";
import type { HistoryDocument } from "../cli/history/history-view.ts";
import { LogCommand } from "../cli/inspect-log/log-command.ts";

export default class History extends LogCommand<HistoryDocument> {
  static override summary = "Every version of a key that logs, snapshots and backups still show";
  static override description =
    "What wrote or deleted KEY: index, term, session, the effect, and the version afterwards. From the log and the snapshot of the node at hand, of directories, and from backups. What none of them holds is said to be unknown. Exit 4 when nothing touched the key, 13 for damage.";
  static override examples = [
    "<%= config.bin %> history app/mode",
    "<%= config.bin %> history app/mode --data-dir /mnt/n1 --data-dir /mnt/n3 --values",
    "<%= config.bin %> history app/mode --from monday.raftbak --from tuesday.raftbak --json",
  ];
  static override args = { key: Args.string({ required: true, ignoreStdin: true, description: "the key" }) };
  static override flags = { ...evidenceFlags, values: Flags.boolean({ default: false, description: "show the values" }) };

  protected async look(): Promise<HistoryDocument> {
    const { args, flags } = await this.parse(History);
    const [{ readHistory }, { historyDocument, historyFinding, historyText }, { damageFinding }, { historyOf, openLogDirectory }] = await Promise.all([
      import("../cli/history/history-reading.ts"), import("../cli/history/history-view.ts"), import("../cli/inspect-log/listing.ts"), import("../daemon/offline.ts"),
    ]);
    const { history, logs } = await readHistory(historyOf, { key: args.key, files: flags.from, open: () => this.openChosen(flags, openLogDirectory) });
    const document = historyDocument(history, flags.values);
    if (document.found) this.print(historyText(history, flags.values));
    const finding = logs.map(({ header }) => damageFinding(header)).find((damage) => damage !== undefined) ?? historyFinding(history);
    return finding === undefined ? document : this.fail(finding, document);
  }
}

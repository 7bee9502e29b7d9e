import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import type { SurvivorsDocument } from "../../cli/recover/documents.ts";

export default class RecoverCollect extends BaseCommand {
  static override summary = "Read what the stopped survivors of a lost quorum hold";
  static override description =
    "For a cluster whose majority is gone for good. Reads data directories whose daemons are stopped and changes nothing. Run it on each machine that survived, and give the files to `recover plan`. Exit 6 while a daemon runs on a directory, 13 for a damaged log.";
  static override examples = [
    "<%= config.bin %> recover collect --data-dir /var/lib/raftctl --out n1.survivor",
    "<%= config.bin %> recover collect --data-dir ./n1 --data-dir ./n2 --json",
  ];
  static override flags = {
    "data-dir": Flags.string({ required: true, multiple: true, multipleNonGreedy: true, helpValue: "<dir>", description: "data directory of a stopped node" }),
    out: Flags.string({ helpValue: "<file>", description: "write what was found there, for recover plan" }),
  };

  async run(): Promise<SurvivorsDocument & { out: string | null }> {
    const { flags } = await this.parse(RecoverCollect);
    const [{ survivorsText }, { collectDocument, writeRecoveryDocument }] = await Promise.all([import("../../cli/recover/survivors-text.ts"), import("../../daemon/offline.ts")]);
    const document = await collectDocument(flags["data-dir"]);
    if (flags.out !== undefined) await writeRecoveryDocument(flags.out, document);
    const found = document.content as SurvivorsDocument;
    this.print(survivorsText(found, flags.out));
    return { ...found, out: flags.out ?? null };
  }
}

import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import type { BlameDocument } from "../../cli/inspect-log/blaming.ts";
import { LogCommand, logFlags } from "../../cli/inspect-log/log-command.ts";

export default class InspectLogBlame extends LogCommand<BlameDocument> {
  static override summary = "Which entries wrote or deleted a key";
  static override description =
    "Within the log that is still there: index, term, session, the effect, and the version of the key afterwards where it follows from the log. Exit 4 when no entry touches the key, 13 for damage.";
  static override examples = ["<%= config.bin %> inspect-log blame app/mode", "<%= config.bin %> inspect-log blame app/mode --data-dir /mnt/n3 --values --json"];
  static override args = { key: Args.string({ required: true, ignoreStdin: true, description: "the key" }) };
  static override flags = { ...logFlags, values: Flags.boolean({ default: false, description: "show the values" }) };

  protected async look(): Promise<BlameDocument> {
    const { args, flags } = await this.parse(InspectLogBlame);
    const [{ blameKey, blameMissing }, { damageFinding }, { openLogDirectory }] = await Promise.all([
      import("../../cli/inspect-log/blaming.ts"), import("../../cli/inspect-log/listing.ts"), import("../../daemon/offline.ts"),
    ]);
    const log = await this.openLog(flags, openLogDirectory);
    const { document, text } = await blameKey(log, args.key, flags.values);
    if (document.found) this.print(text);
    const finding = damageFinding(log.header) ?? blameMissing(document);
    return finding === undefined ? document : this.fail(finding, document);
  }
}

import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import type { VerificationDocument } from "../../cli/inspect-log/verification.ts";

export default class InspectLogVerify extends BaseCommand {
  static override summary = "Read every byte of a node's log and snapshots, and say what is damaged";
  static override description =
    "Judges as a start of the node would, takes no lock and changes nothing; the daemon may run. Exit 0 when all of it is sound, a write that a crash tore included; 13 with file, offset and last good index.";
  static override examples = ["<%= config.bin %> inspect-log verify --data-dir /var/lib/raftctl", "<%= config.bin %> inspect-log verify --data-dir /mnt/n3 --json"];
  static override flags = { "data-dir": Flags.string({ required: true, helpValue: "<dir>", description: "data directory of a node" }) };

  async run(): Promise<VerificationDocument> {
    const { flags } = await this.parse(InspectLogVerify);
    const [{ verificationDocument, verificationFinding, verificationText }, { verifyDataDirectory }] = await Promise.all([
      import("../../cli/inspect-log/verification.ts"), import("../../daemon/offline.ts"),
    ]);
    const report = await verifyDataDirectory(flags["data-dir"]);
    this.print(verificationText(report));
    const finding = verificationFinding(report);
    const document = verificationDocument(report);
    return finding === undefined ? document : this.fail(finding, document);
  }
}

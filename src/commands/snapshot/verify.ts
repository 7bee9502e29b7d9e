import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import type { VerifiedDocument } from "../../cli/snapshot/documents.ts";

export default class SnapshotVerify extends BaseCommand {
  static override summary = "Check every byte of a backup, and that a node can start from it";
  static override description =
    "Checks all checksums, the SHA-256 and the digest of the state. --rehearse restores it into a temporary directory, starts a private node of it on this machine, compares the state that it serves, and runs --exec against it (RAFTCTL_ENDPOINT and RAFTCTL_SOCKET name it); nothing stays behind. Exit 4 when there is no such file, 11 when the command fails, 13 for damage, 15 for a newer format.";
  static override examples = [
    "<%= config.bin %> snapshot verify backup.raftbak",
    "<%= config.bin %> snapshot verify backup.raftbak --rehearse --exec 'raftctl get config/version' --json",
  ];
  static override args = { file: Args.string({ required: true, ignoreStdin: true, description: "the backup" }) };
  static override flags = {
    rehearse: Flags.boolean({ description: "start a private node from it" }),
    exec: Flags.string({ dependsOn: ["rehearse"], helpValue: "<command>", description: "run this in a shell against the node; it must end with 0" }),
  };

  async run(): Promise<VerifiedDocument> {
    const { args, flags } = await this.parse(SnapshotVerify);
    const [{ fileDocument, verifiedText }, { rehearsalFinding, rehearse }, { inspectFile, startRehearsal }] = await Promise.all([
      import("../../cli/snapshot/file-view.ts"), import("../../cli/snapshot/rehearsal.ts"), import("../../daemon/offline.ts"),
    ]);
    const checked = fileDocument(await inspectFile(args.file, undefined));
    const rehearsal = flags.rehearse ? await rehearse(() => startRehearsal(args.file), flags.exec) : null;
    const document: VerifiedDocument = { ...checked, valid: true, rehearsal };
    this.print(verifiedText(document));
    const finding = rehearsalFinding(document);
    return finding === undefined ? document : this.fail(finding, document);
  }
}

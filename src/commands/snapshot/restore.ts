import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import { countFlag, dryRunFlag, yesFlag } from "../../cli/flags.ts";
import { directoryFlags, listenFlags } from "../../cli/node-flags.ts";
import type { RestoredDocument } from "../../cli/snapshot/documents.ts";

export default class SnapshotRestore extends BaseCommand {
  static override summary = "Make a data directory from a backup, for a new cluster";
  static override description =
    "The new cluster has another id, so that nobody of the old one can join it. Alone, or with --members: then run the same with the same file on each machine, and start all of them. The whole file is checked first. Start it with `daemon start`. Exit 4 when there is no such file, 6 when the directory holds a node, 9 without --yes where somebody has to be sure (members that run already, --no-new-cluster-id), 13 for damage, 14 when the disk is full.";
  static override examples = [
    "<%= config.bin %> snapshot restore backup.raftbak --data-dir ./n1 --name n1",
    "<%= config.bin %> snapshot restore backup.raftbak --data-dir ./n1 --name n1 --members n1=10.0.0.1:7401,n2=10.0.0.2:7401,n3=10.0.0.3:7401 --insecure",
    "<%= config.bin %> snapshot restore backup.raftbak --data-dir ./n1 --name n1 --bump-index 1000000 --dry-run --json",
  ];
  static override args = { file: Args.string({ required: true, ignoreStdin: true, description: "the backup" }) };
  static override flags = {
    ...directoryFlags,
    ...listenFlags,
    "data-dir": Flags.string({ required: true, helpValue: "<dir>", description: "directory that becomes the node's; holds no node yet" }),
    name: Flags.string({ required: true, helpValue: "<name>", description: "name of this node in the cluster" }),
    members: Flags.string({ helpValue: "<n1=host:port,…>", description: "the voters of the new cluster, this one included (default: this one alone)" }),
    token: Flags.string({ helpValue: "<text>", description: "the same on all members; another one for another cluster from the same file and members" }),
    "new-cluster-id": Flags.boolean({ allowNo: true, default: true, description: "the cluster gets another id; without, it is the old one in its next incarnation" }),
    "bump-index": countFlag({ description: "begin so many indexes later, so that who watches never sees them go back (default 0)" }),
    "dry-run": dryRunFlag,
    yes: yesFlag,
  };

  async run(): Promise<RestoredDocument> {
    const { args, flags } = await this.parse(SnapshotRestore);
    const [view, { rehearseRestore, restoreFile }] = await Promise.all([import("../../cli/snapshot/restore-view.ts"), import("../../daemon/offline.ts")]);
    const { dataDir, request, warnings } = await view.prepareRestore(flags);
    for (const warning of warnings) this.addWarning(warning);
    const report = flags["dry-run"]
      ? await rehearseRestore(args.file, dataDir, request)
      : await view.restoreCleanly(dataDir, () => restoreFile(args.file, dataDir, request, view.approval(request, flags.yes)));
    const document = view.restoredDocument(report, !flags["dry-run"]);
    this.print(view.restoredText(document));
    return document;
  }
}

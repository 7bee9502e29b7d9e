import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { RaftctlError } from "../../base/errors.ts";
import { globalRegionName } from "../../base/ids.ts";
import { BaseCommand } from "../../cli/base-command.ts";
import { countFlag, dryRunFlag, yesFlag, type GlobalFlags } from "../../cli/flags.ts";
import { directoryFlags, listenFlags } from "../../cli/node-flags.ts";
import type { IntoClusterDocument, RestoredDocument } from "../../cli/snapshot/documents.ts";

export default class SnapshotRestore extends BaseCommand {
  static override summary = "Make a data directory from a backup, for a new cluster, or give a cluster that runs the keys of a backup";
  static override description =
    "The new cluster has another id, so that nobody of the old one can join it. Alone, or with --members: then run the same with the same file on each machine, and start all of them. The whole file is checked first. Start it with `daemon start`. With --into-cluster: what differs is written to the cluster that runs, key by key, and keys that are not in the backup are deleted; sessions, streams and settings stay as they are. Exit 4 when there is no such file, 6 when the directory holds a node, 9 without --yes where somebody has to be sure (--into-cluster, members that run already, --no-new-cluster-id), 13 for damage, 14 when the disk is full.";
  static override examples = [
    "<%= config.bin %> snapshot restore backup.raftbak --data-dir ./n1 --name n1",
    "<%= config.bin %> snapshot restore backup.raftbak --data-dir ./n1 --name n1 --members n1=10.0.0.1:7401,n2=10.0.0.2:7401,n3=10.0.0.3:7401 --insecure",
    "<%= config.bin %> snapshot restore backup.raftbak --data-dir ./n1 --name n1 --bump-index 1000000 --dry-run --json",
    "<%= config.bin %> snapshot restore backup.raftbak --into-cluster --dry-run",
  ];
  static override args = { file: Args.string({ required: true, ignoreStdin: true, description: "the backup" }) };
  static override flags = {
    ...directoryFlags,
    ...listenFlags,
    "data-dir": Flags.string({ helpValue: "<dir>", description: "directory that becomes the node's; holds no node yet" }),
    name: Flags.string({ helpValue: "<name>", description: "name of this node in the cluster" }),
    "into-cluster": Flags.boolean({ exclusive: ["data-dir", "name", "members", "token", "bump-index", ...Object.keys(listenFlags)], description: "into the cluster that runs, instead of into a data directory" }),
    members: Flags.string({ helpValue: "<n1=host:port,…>", description: "the voters of the new cluster, this one included (default: this one alone)" }),
    token: Flags.string({ helpValue: "<text>", description: "the same on all members; another one for another cluster from the same file and members" }),
    "new-cluster-id": Flags.boolean({ allowNo: true, default: true, description: "the cluster gets another id; without, it is the old one in its next incarnation" }),
    "bump-index": countFlag({ description: "begin so many indexes later, so that who watches never sees them go back (default 0)" }),
    "dry-run": dryRunFlag,
    yes: yesFlag,
  };

  async run(): Promise<RestoredDocument | IntoClusterDocument> {
    const { args, flags } = await this.parse(SnapshotRestore);
    if (flags["into-cluster"]) return this.#intoCluster(args.file, flags);
    const { name } = flags;
    if (name === undefined || flags["data-dir"] === undefined) throw new RaftctlError("USAGE", "a backup is restored with --data-dir and --name, or with --into-cluster");
    const [view, { rehearseRestore, restoreFile }] = await Promise.all([import("../../cli/snapshot/restore-view.ts"), import("../../daemon/offline.ts")]);
    const { dataDir, request, warnings } = await view.prepareRestore({ ...flags, name });
    for (const warning of warnings) this.addWarning(warning);
    const report = flags["dry-run"]
      ? await rehearseRestore(args.file, dataDir, request)
      : await view.restoreCleanly(dataDir, () => restoreFile(args.file, dataDir, request, view.approval(request, flags.yes)));
    const document = view.restoredDocument(report, !flags["dry-run"]);
    this.print(view.restoredText(document));
    return document;
  }

  async #intoCluster(name: string, flags: GlobalFlags & { readonly "dry-run": boolean; readonly yes: boolean }): Promise<IntoClusterDocument> {
    const [{ intoClusterText, restoreIntoCluster }, { inspectFile, withFileRecords }] = await Promise.all([import("../../cli/snapshot/into-cluster.ts"), import("../../daemon/offline.ts")]);
    const file = await inspectFile(name, undefined);
    if (file.streams.streams > 0) this.addWarning({ code: "STREAMS_LEFT_OUT", message: `${file.streams.streams} streams of the backup are not restored into a cluster that runs` });
    const document = await restoreIntoCluster(await this.connect(flags), {
      file, withRecords: (use) => withFileRecords(name, use), region: flags.region ?? globalRegionName, dryRun: flags["dry-run"], yes: flags.yes, quiet: flags.quiet,
    });
    this.print(intoClusterText(document));
    return document;
  }
}

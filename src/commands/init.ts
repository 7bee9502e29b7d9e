import { randomUUID } from "node:crypto";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../cli/base-command.ts";
import { dryRunFlag } from "../cli/flags.ts";
import { formationRequest, type FormationRequest } from "../cli/formation-request.ts";
import type { FormedDocument } from "../cli/formation-view.ts";
import type { FoundedDocument } from "../cli/founding-view.ts";
import { directoryFlags, listenFlags } from "../cli/node-flags.ts";

export default class Init extends BaseCommand {
  static override summary = "Make this pristine node a new cluster, alone or with others";
  static override description =
    "Makes the data directory and starts the daemon. Alone it waits until the node leads; other nodes then `join`. With --members, or --expect and --discovery, run the same on all nodes, in any order: they form one cluster, and it waits until this node is a voter; run again on a node that is still forming, it goes on; if the cluster is there already, the node joins it. With --from-snapshot the new cluster begins with the state of a backup. Exit 4 when there is no such backup, 6 when the directory holds a node of a cluster, 9 for a listener beyond this machine without --insecure, 11 when the cluster has not formed in time (the daemon goes on), 13 for a damaged backup.";
  static override examples = [
    "<%= config.bin %> init --name n1",
    "<%= config.bin %> init --name n1 --data-dir ./n1 --listen-peer 127.0.0.1:7411 --listen-client 127.0.0.1:7410",
    "<%= config.bin %> init --name n1 --members n1=10.0.0.1:7401,n2=10.0.0.2:7401,n3=10.0.0.3:7401 --listen-peer 10.0.0.1:7401 --insecure",
    "<%= config.bin %> init --expect 3 --discovery dns:nodes.example:7401 --listen-peer 10.0.0.1:7401 --insecure",
    "<%= config.bin %> init --name n1 --from-snapshot backup.raftbak",
    "<%= config.bin %> init --no-start --json",
  ];
  static override flags = {
    name: Flags.string({ helpValue: "<name>", description: "name of this node in the cluster (default: the machine's name)" }),
    ...directoryFlags,
    ...listenFlags,
    members: Flags.string({ helpValue: "<n1=host:port,…>", description: "form a cluster of these nodes, this one included" }),
    expect: Flags.integer({ min: 1, max: 64, helpValue: "<n>", description: "form a cluster of so many nodes; the same on all of them" }),
    discovery: Flags.string({ helpValue: "<source>", description: "where they are: static:<host:port,…>, file:<path>, dns:<name>[:port]" }),
    "from-snapshot": Flags.string({ helpValue: "<file>", exclusive: ["members", "expect", "discovery"], description: "begin with the state of this backup (for several nodes: snapshot restore)" }),
    start: Flags.boolean({ allowNo: true, default: true, description: "start the daemon" }),
    "dry-run": dryRunFlag,
  };

  async run(): Promise<FoundedDocument | FormedDocument> {
    const { flags } = await this.parse(Init);
    const request = formationRequest(flags);
    if (request !== undefined) return this.#form(request);
    const [founding, view, { restoreCleanly }, { awaitFounded }, offline] = await Promise.all([
      import("../cli/founding.ts"), import("../cli/founding-view.ts"), import("../cli/snapshot/restore-view.ts"), import("../cli/local-daemon.ts"), import("../daemon/offline.ts"),
    ]);
    const plan = await founding.prepareFounding(flags, offline.readDataDirectory);
    for (const warning of plan.warnings) this.addWarning(warning);
    const { dataDir, name, settings } = plan;
    const backup = flags["from-snapshot"];
    // Twice from the same file are two clusters.
    const directory = { name, settings, members: [], token: randomUUID(), keepClusterId: false, bumpIndex: 0 };
    const make = async () =>
      backup === undefined
        ? offline.initDataDirectory(dataDir, directory)
        : (await restoreCleanly(dataDir, () => offline.restoreFile(backup, dataDir, directory))).plan.identity;
    if (flags["dry-run"] && backup !== undefined) await offline.rehearseRestore(backup, dataDir, directory);
    const document = flags["dry-run"]
      ? view.plannedDocument(plan)
      : flags.start
        ? await founding.foundNode(plan, flags, make, async (daemon, identity) =>
            view.foundedDocument(plan, identity, { daemon, status: await awaitFounded(daemon, flags.timeout ?? view.leaderWaitMs) }))
        : view.foundedDocument(plan, await make(), undefined);
    this.print(view.foundedText(document));
    return document;
  }

  async #form(request: FormationRequest): Promise<FormedDocument> {
    const { flags } = await this.parse(Init);
    const [formation, view, offline] = await Promise.all([import("../cli/formation.ts"), import("../cli/formation-view.ts"), import("../daemon/offline.ts")]);
    const plan = await formation.prepareFormation(flags, request, offline);
    for (const warning of plan.warnings) this.addWarning(warning);
    const formed = flags["dry-run"] ? undefined : await formation.formCluster(plan, request, flags, offline);
    const document = view.formedDocument(plan, request, formed);
    this.print(view.formedText(document));
    return document;
  }
}

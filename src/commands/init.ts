import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../cli/base-command.ts";
import { dryRunFlag } from "../cli/flags.ts";
import type { FoundedDocument } from "../cli/founding-view.ts";
import { directoryFlags, listenFlags } from "../cli/node-flags.ts";

export default class Init extends BaseCommand {
  static override summary = "Make this pristine node a new cluster";
  static override description =
    "Makes the data directory, starts the daemon and waits until it leads; other nodes then `join`. Exit 6 when the directory holds a node already, 9 for a listener beyond this machine without --insecure.";
  static override examples = [
    "<%= config.bin %> init --name n1",
    "<%= config.bin %> init --name n1 --data-dir ./n1 --listen-peer 127.0.0.1:7411 --listen-client 127.0.0.1:7410",
    "<%= config.bin %> init --no-start --json",
  ];
  static override flags = {
    name: Flags.string({ helpValue: "<name>", description: "name of this node in the cluster (default: the machine's name)" }),
    ...directoryFlags,
    ...listenFlags,
    start: Flags.boolean({ allowNo: true, default: true, description: "start the daemon" }),
    "dry-run": dryRunFlag,
  };

  async run(): Promise<FoundedDocument> {
    const { flags } = await this.parse(Init);
    const [founding, view, { awaitFounded }, offline] = await Promise.all([
      import("../cli/founding.ts"), import("../cli/founding-view.ts"), import("../cli/local-daemon.ts"), import("../daemon/offline.ts"),
    ]);
    const plan = await founding.prepareFounding(flags, offline.readDataDirectory);
    for (const warning of plan.warnings) this.addWarning(warning);
    const make = () => offline.initDataDirectory(plan.dataDir, { name: plan.name, settings: plan.settings });
    const document = flags["dry-run"]
      ? view.plannedDocument(plan)
      : flags.start
        ? await founding.foundNode(plan, flags, make, async (daemon, identity) =>
            view.foundedDocument(plan, identity, { daemon, status: await awaitFounded(daemon, flags.timeout ?? view.leaderWaitMs) }))
        : view.foundedDocument(plan, await make(), undefined);
    this.print(view.foundedText(document));
    return document;
  }
}

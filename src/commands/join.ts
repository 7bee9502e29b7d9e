import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../cli/base-command.ts";
import { dryRunFlag, durationFlag, yesFlag } from "../cli/flags.ts";
import type { JoinedDocument } from "../cli/joining.ts";
import type { ReadFoundDirectory } from "../cli/founding.ts";
import type { OldDirectories } from "../cli/fresh-start.ts";
import { directoryFlags, listenFlags, type NodeFlags } from "../cli/node-flags.ts";

export default class Join extends BaseCommand {
  static override summary = "Bring this node into a running cluster";
  static override description =
    "Asks a member at its peer address, makes the data directory, starts the daemon, and waits while the leader adds it as a learner, brings it up to date and makes it a voter. If it is not admitted, nothing is left. Exit 3 when no member answers, 6 for a duplicate name, 8 for the wrong cluster, 11 when --wait is not met.";
  static override examples = [
    "<%= config.bin %> join 10.0.0.1:7401 --name n2",
    "<%= config.bin %> join --discovery dns:nodes.example:7401 --name n2",
    "<%= config.bin %> join 10.0.0.1:7401 --name n2 --fresh --yes",
    "<%= config.bin %> join n1:7401 n3:7401 --role learner --promote never --wait caught-up",
    "<%= config.bin %> join 127.0.0.1:7411 --name n2 --data-dir ./n2 --listen-peer 127.0.0.1:7421 --listen-client 127.0.0.1:7420 --json",
  ];
  static override strict = false;
  static override args = { peer: Args.string({ ignoreStdin: true, description: "peer addresses of members, host:port; not needed with --discovery" }) };
  static override flags = {
    name: Flags.string({ helpValue: "<name>", description: "name of this node in the cluster (default: the machine's name)" }),
    ...directoryFlags,
    ...listenFlags,
    discovery: Flags.string({ helpValue: "<source>", description: "where members are: static:<host:port,…>, file:<path>, dns:<name>[:port]" }),
    role: Flags.option({ options: ["voter", "learner"] as const, default: "voter" as const, description: "what it shall become" })(),
    promote: Flags.option({
      options: ["auto", "manual", "never"] as const, default: "auto" as const, description: "when a learner becomes a voter: as soon as it is up to date, by `member promote`, or never",
    })(),
    wait: Flags.option({ options: ["none", "added", "caught-up", "voter"] as const, description: "return when it is so far (default: as far as it will come by itself)" })(),
    retry: Flags.boolean({ default: false, description: "while no member answers, try again" }),
    "retry-for": durationFlag({ default: 120_000, defaultHelp: async () => "2m", description: "with --retry: for so long" }),
    fresh: Flags.boolean({ default: false, description: "move what the directory holds of an earlier node aside first" }),
    "dry-run": dryRunFlag,
    yes: yesFlag,
  };

  async run(): Promise<JoinedDocument> {
    const { flags, argv } = await this.parse(Join);
    const [founding, joining, offline] = await Promise.all([import("../cli/founding.ts"), import("../cli/joining.ts"), import("../daemon/offline.ts")]);
    const request = joining.joinRequest(flags, await joining.findSeeds(argv as string[], flags.discovery, offline));
    const plan = await founding.prepareFounding(flags, await this.#directoryReader(flags, offline));
    for (const warning of plan.warnings) this.addWarning(warning);
    const document = await joining.join({ plan, flags, request, quiet: flags.quiet }, offline);
    this.print(joining.joinedText(document));
    return document;
  }

  async #directoryReader(flags: NodeFlags & { fresh: boolean; yes: boolean; "dry-run": boolean }, offline: OldDirectories): Promise<ReadFoundDirectory> {
    if (!flags.fresh) return offline.readDataDirectory;
    if (flags["dry-run"]) return async () => undefined;
    const { startFresh } = await import("../cli/fresh-start.ts");
    const archive = await startFresh(flags, flags.yes, offline);
    if (archive !== undefined) this.note(`the data of the earlier node is in ${archive}`);
    return offline.readDataDirectory;
  }
}

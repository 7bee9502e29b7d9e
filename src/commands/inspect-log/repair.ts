import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import { countFlag, dryRunFlag, yesFlag } from "../../cli/flags.ts";
import type { RepairDocument } from "../../cli/inspect-log/repair.ts";

export default class InspectLogRepair extends BaseCommand {
  static override summary = "Make a damaged directory of a cluster of one start again, and say what is lost";
  static override description =
    "For a node that is its whole cluster, with its daemon stopped: keeps the state when it holds all that the log can still tell, else the log up to its first damage, and moves the damaged files to <data-dir>/damaged-<n>. Nothing is deleted. A member of a larger cluster is never repaired: what it forgets it may have acknowledged, so it is replaced, which loses nothing. With --truncate-at the log ends at that index, damaged or not: what was written behind it is undone, as if it had never been. Try --dry-run first. Exit 0 also when nothing is to be done, 4 when the log cannot end at --truncate-at, 6 while the daemon runs, 9 without --yes and for a member of a larger cluster, 13 when nothing is left to begin with.";
  static override examples = [
    "<%= config.bin %> inspect-log repair --data-dir /var/lib/raftctl --dry-run",
    "<%= config.bin %> inspect-log repair --data-dir /var/lib/raftctl --yes --json",
    "<%= config.bin %> inspect-log repair --data-dir /var/lib/raftctl --truncate-at 4711 --dry-run",
  ];
  static override flags = {
    "data-dir": Flags.string({ required: true, helpValue: "<dir>", description: "data directory of the node" }),
    "truncate-at": countFlag({ description: "the last index that the log keeps" }),
    "dry-run": dryRunFlag,
    yes: yesFlag,
  };

  async run(): Promise<RepairDocument> {
    const { flags } = await this.parse(InspectLogRepair);
    const [{ approval, repairDocument, repairText }, { rehearseRepair, repairDirectory }] = await Promise.all([import("../../cli/inspect-log/repair.ts"), import("../../daemon/offline.ts")]);
    const request = { truncateAt: flags["truncate-at"] };
    const report = flags["dry-run"] ? await rehearseRepair(flags["data-dir"], request) : await repairDirectory(flags["data-dir"], request, approval(flags.yes));
    const document = repairDocument(report);
    this.print(repairText(document));
    return document;
  }
}

import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import { countFlag } from "../../cli/flags.ts";
import type { InspectionDocument } from "../../cli/snapshot/documents.ts";

export default class SnapshotInspect extends BaseCommand {
  static override summary = "What a backup holds: whose state, at which index, how much of what";
  static override description =
    "Reads the whole file and checks all of it on the way. Also reads a node's own .snapshot files. Values are never shown. Exit 4 when there is no such file, 13 for damage, 15 for a newer format.";
  static override examples = [
    "<%= config.bin %> snapshot inspect backup.raftbak",
    "<%= config.bin %> snapshot inspect backup.raftbak --keys --prefix app/ --depth 2 --json",
  ];
  static override args = { file: Args.string({ required: true, ignoreStdin: true, description: "the backup" }) };
  static override flags = {
    keys: Flags.boolean({ description: "count keys by what they begin with" }),
    prefix: Flags.string({ dependsOn: ["keys"], helpValue: "<text>", description: "only keys that begin so" }),
    depth: countFlag({ dependsOn: ["keys"], description: 'how many parts, separated by "/", make a group (default 1)' }),
    limit: countFlag({ dependsOn: ["keys"], description: "groups that are listed (default 1000)" }),
  };

  async run(): Promise<InspectionDocument> {
    const { args, flags } = await this.parse(SnapshotInspect);
    const [{ inspectionDocument, inspectionText }, { inspectFile }] = await Promise.all([import("../../cli/snapshot/file-view.ts"), import("../../daemon/offline.ts")]);
    const groups = flags.keys ? { prefix: flags.prefix ?? "", depth: flags.depth ?? 1, limit: flags.limit ?? 1_000 } : undefined;
    const document = inspectionDocument(await inspectFile(args.file, groups));
    this.print(inspectionText(document));
    return document;
  }
}

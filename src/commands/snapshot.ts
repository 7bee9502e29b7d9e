import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../cli/base-command.ts";
import { countFlag, dryRunFlag } from "../cli/flags.ts";
import type { BackupDocument, TakenDocument } from "../cli/snapshot/documents.ts";

export default class Snapshot extends BaseCommand {
  static override summary = "Write a backup of the whole state to a file, or take a node's own snapshot";
  static override description =
    "With --output: one portable file with a SHA-256, of the state of one moment, while writes go on. By default a majority confirms first, so that every write acknowledged before the call is in it; --from local or a member's name takes that node's state as it is. Without --output: the node at hand takes a snapshot for itself and forgets the log below it. Exit 5 without a leader, 6 when the file is there already, 13 when --verify finds damage, 14 when the disk is full.";
  static override examples = [
    "<%= config.bin %> snapshot --output backup.raftbak --verify",
    "<%= config.bin %> snapshot nightly --output /var/backups/ --compression zstd --json",
    "<%= config.bin %> snapshot --output - --from n2 | ssh vault 'cat > backup.raftbak'",
    "<%= config.bin %> snapshot --compact",
  ];
  static override args = { name: Args.string({ ignoreStdin: true, description: "with --output <directory>: what the file's name begins with" }) };
  static override flags = {
    output: Flags.string({ char: "o", helpValue: "<file>|<dir>|-", description: "write a portable backup there; never replaces a file" }),
    from: Flags.string({ helpValue: "leader|local|<node>", description: "whose state: confirmed by a majority, of the node at hand, of a member (default: leader with --output, else local)" }),
    compression: Flags.option({ options: ["none", "zstd"] as const, dependsOn: ["output"], description: "of the file (default none)" })(),
    verify: Flags.boolean({ dependsOn: ["output"], description: "read the file again and check all of it" }),
    compact: Flags.boolean({ default: false, exclusive: ["trailing", "output"], description: "leave nothing of the log below the snapshot, not even for followers that are a little behind, and give back the space of what was deleted from the state" }),
    trailing: countFlag({ exclusive: ["output"], description: "leave at most so many entries of the log below the snapshot (default: as configured)" }),
    "dry-run": dryRunFlag,
  };

  async run(): Promise<BackupDocument | TakenDocument> {
    const { args, flags } = await this.parse(Snapshot);
    const { backUpVerified, checkRequest, takeSnapshot } = await import("../cli/snapshot/snapshot-verb.ts");
    const request = checkRequest(args.name, { ...flags, json: this.jsonEnabled() });
    const client = await this.connect(flags);
    if (request === undefined) {
      const { document, text } = await takeSnapshot(client, flags);
      this.print(text);
      return document;
    }
    const { inspectFile } = await import("../daemon/offline.ts");
    const { document, text } = await backUpVerified(client, request, flags.verify ? (file) => inspectFile(file, undefined) : undefined);
    if (document.file === null && document.applied) this.note(text);
    else this.print(text);
    return document;
  }
}

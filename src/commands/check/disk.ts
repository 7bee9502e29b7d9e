import { BaseCommand } from "../../cli/base-command.ts";
import type { DiskDocument } from "../../cli/check/disk/disk-document.ts";
import { diskFlags } from "../../cli/check/disk/disk-flags.ts";

export default class CheckDisk extends BaseCommand {
  static override summary = "Measure how fast this disk makes writes durable, as the log does it";
  static override description =
    "Appends to a log of its own, one write and one sync at a time, on the file system of the data directory, and removes it again. No daemon is needed; one that runs there competes for the disk. The data directory need not be there yet. Exit 0 when 99 of 100 syncs take at most 10ms and the slowest at most half of the election timeout; 11 otherwise.";
  static override examples = [
    "<%= config.bin %> check disk",
    "<%= config.bin %> check disk --data-dir /var/lib/raftctl --duration 30s",
    "<%= config.bin %> check disk --write-size 64KiB --json",
  ];
  static override flags = diskFlags;
  static override ownsSignals = true;

  async run(): Promise<DiskDocument> {
    const { flags } = await this.parse(CheckDisk);
    const [{ checkDisk }, { diskText }, { timeSyncs }] = await Promise.all([
      import("../../cli/check/disk/disk-check.ts"), import("../../cli/check/disk/disk-text.ts"), import("../../daemon/offline.ts"),
    ]);
    const { document, error, interrupted } = await checkDisk(flags, timeSyncs, (warning) => this.addWarning(warning));
    this.print(diskText(document, process.stdout.isTTY));
    if (error !== undefined) this.fail(error, document);
    if (interrupted !== undefined) process.exitCode = interrupted;
    return document;
  }
}

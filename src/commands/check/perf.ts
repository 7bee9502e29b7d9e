import { BaseCommand } from "../../cli/base-command.ts";
import type { PerfDocument } from "../../cli/check/perf/perf-document.ts";
import { perfFlags } from "../../cli/check/perf/perf-flags.ts";

export default class CheckPerf extends BaseCommand {
  static override summary = "Put a load on a running cluster, and say whether it carries it";
  static override description =
    "Clients write and read keys of their own below raftctl/check/, which are deleted at the end. With --load or --rate operations arrive on schedule and their latency runs from when they were meant to be sent; otherwise each client sends its next one when it is answered. Exit 0 when nine tenths of the rate were answered, none of them after more than 500ms, with a standard deviation of at most 100ms, and none failed; 11 otherwise.";
  static override examples = [
    "<%= config.bin %> check perf",
    "<%= config.bin %> check perf --load l",
    "<%= config.bin %> check perf --rate 5000 --read-ratio 0.5 --duration 1m",
    "<%= config.bin %> check perf --clients 256 --connections 8 --value-size 256B --json",
  ];
  static override flags = perfFlags;
  static override ownsSignals = true;

  async run(): Promise<PerfDocument> {
    const { flags } = await this.parse(CheckPerf);
    const [{ checkPerf }, { perfText }] = await Promise.all([import("../../cli/check/perf/perf-check.ts"), import("../../cli/check/perf/perf-text.ts")]);
    const { document, error, interrupted } = await checkPerf(flags, { connect: () => this.connect(flags), env: process.env, warn: (warning) => this.addWarning(warning) });
    this.print(perfText(document, process.stdout.isTTY));
    if (error !== undefined) this.fail(error, document);
    if (interrupted !== undefined) process.exitCode = interrupted;
    return document;
  }
}

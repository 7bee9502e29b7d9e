import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../cli/base-command.ts";
import type { CheckDocument } from "../../cli/check/check-document.ts";
import { linearizabilityFlags } from "../../cli/check/linearizability-flags.ts";

export default class CheckLinearizability extends BaseCommand {
  static override summary = "Prove on a running cluster, or on a recorded history, that clients see one consistent store";
  static override description =
    "Clients read and write their own keys below raftctl/check/ (single ones, pairs in transactions, and keys that hang on leases which expire or are revoked) and record what they are told; then it is checked whether one register per key or pair, with every operation taking effect at one moment, could have given these answers. The keys are deleted at the end. Break what you like meanwhile: unanswered writes count as open. Exit 0 linearizable, 13 violated (with the smallest window that shows it), 11 undecided or too little acknowledged.";
  static override examples = [
    "<%= config.bin %> check linearizability --clients 8 --duration 30s",
    "<%= config.bin %> check linearizability --duration 10s --save history.jsonl -- ./break-something.sh",
    "<%= config.bin %> check linearizability --history history.jsonl --json",
  ];
  static override usage = "check linearizability [flags] [-- COMMAND...]";
  static override strict = false;
  static override args = { command: Args.string({ ignoreStdin: true, description: "run this meanwhile, behind --; the check lasts until it ends" }) };
  static override flags = linearizabilityFlags;
  static override ownsSignals = true;

  async run(): Promise<CheckDocument> {
    const { flags, argv } = await this.parse(CheckLinearizability);
    const [{ check }, { checkText }] = await Promise.all([import("../../cli/check/linearizability-check.ts"), import("../../cli/check/check-text.ts")]);
    const { document, window, error, interrupted } = await check(flags, { words: argv as string[], line: this.argv }, {
      connect: () => this.connect(flags),
      env: process.env,
      stdout: this.jsonEnabled() ? 2 : "inherit",
      warn: (warning) => this.addWarning(warning),
    });
    this.print(checkText(document, window));
    if (error !== undefined) this.fail(error, document);
    if (interrupted !== undefined) process.exitCode = interrupted;
    return document;
  }
}

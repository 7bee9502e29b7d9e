import * as Args from "@oclif/core/args";
import { behindDashes } from "../cli/argv.ts";
import { BaseCommand } from "../cli/base-command.ts";
import { turnFlags } from "../cli/lock/turn-flags.ts";
import type { HoldingDocument } from "../cli/lock/holding.ts";

export default class LockCommand extends BaseCommand<HoldingDocument> {
  static override summary = "Run a command while holding a lock, or hold it until Ctrl-C";
  static override description =
    "Waits behind all who asked before. The command finds RAFTCTL_LOCK_NAME, _KEY, _TOKEN and _VALUE in its environment; its exit code is that of this command. It is ended, with its whole process group, before another one can hold the lock, also when raftctl itself is killed or stopped. " +
    "Without a command: prints key and token, holds the lock until Ctrl-C or SIGTERM and releases it. Exit 6 (LOCKED) when --wait is over, 4 (LEASE_NOT_FOUND) when the lock was lost. Where a late act must do no harm, let the one who is acted upon refuse a token lower than one seen before.";
  static override examples = [
    "<%= config.bin %> lock backup -- ./backup.sh --full",
    "<%= config.bin %> lock backup --wait 0s --ttl 30s -- ./backup.sh",
    "<%= config.bin %> lock deploy",
  ];
  static override args = { name: Args.string({ required: true, ignoreStdin: true, description: "the lock" }) };
  static override strict = false;
  static override ownsSignals = true;
  static override flags = turnFlags;

  async run(): Promise<HoldingDocument> {
    const { args, flags, argv } = await this.parse(LockCommand);
    const words = behindDashes(this.argv);
    const { hold, holdingOf } = await import("../cli/lock/holding.ts");
    const asked = holdingOf({ flags, words, given: argv.length, wanted: ["NAME"] });
    const client = await this.connect(flags);
    const { document, exit } = await hold({
      ...asked,
      variables: "RAFTCTL_LOCK_",
      output: this.jsonEnabled() ? 2 : "inherit",
      take: (options) => client.lock(args.name, options),
      held: (held) => this.#held(held, words),
    });
    if (document === undefined) this.exit(exit);
    process.exitCode = exit;
    return document;
  }

  #held(document: HoldingDocument, words: readonly string[]): void {
    if (this.jsonEnabled()) this.printLine(document);
    else if (words.length === 0) this.print(`${document.key}\t${document.token}`);
  }
}

import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { RaftctlError } from "../base/errors.ts";
import { behindDashes } from "../cli/argv.ts";
import { BaseCommand } from "../cli/base-command.ts";
import type { HoldingDocument } from "../cli/lock/holding.ts";
import type { LeaderDocument } from "../cli/lock/observing.ts";
import { turnFlags } from "../cli/lock/turn-flags.ts";

export default class Elect extends BaseCommand<HoldingDocument | LeaderDocument> {
  static override summary = "Stand in an election and run a command while leading, or observe who leads";
  static override description =
    "Waits behind all who stood before, and then leads, as VALUE, which is what observers are told. The command finds RAFTCTL_ELECTION_NAME, _KEY, _TOKEN and _VALUE in its environment; it is ended before another one can lead, as with `lock`, and its exit code is that of this command. " +
    "Without a command: prints key and token, and leads until Ctrl-C or SIGTERM. With --observe: the leader now and at each change, a line with token and value (- while nobody leads). Exit 6 (LOCKED) when --wait is over, 4 (LEASE_NOT_FOUND) when leadership was lost.";
  static override examples = [
    "<%= config.bin %> elect scheduler 10.0.0.7:80 -- ./scheduler",
    "<%= config.bin %> elect scheduler 10.0.0.7:80 --ttl 5s",
    "<%= config.bin %> elect scheduler --observe --json",
  ];
  static override args = {
    name: Args.string({ required: true, ignoreStdin: true, description: "the election" }),
    value: Args.string({ ignoreStdin: true, description: "of this candidate, such as its address" }),
  };
  static override strict = false;
  static override ownsSignals = true;
  static override flags = { ...turnFlags, observe: Flags.boolean({ default: false, description: "do not stand: tell who leads", exclusive: ["ttl", "wait"] }) };

  async run(): Promise<HoldingDocument | LeaderDocument> {
    const { args, flags, argv } = await this.parse(Elect);
    const words = behindDashes(this.argv);
    const { hold, holdingOf } = await import("../cli/lock/holding.ts");
    const asked = holdingOf({ flags, words, given: argv.length, wanted: flags.observe ? ["NAME"] : ["NAME", "VALUE"] });
    if (flags.observe) return this.#observe(args.name, words, await this.connect(flags));
    const client = await this.connect(flags);
    const { document, exit } = await hold({
      ...asked,
      variables: "RAFTCTL_ELECTION_",
      output: this.jsonEnabled() ? 2 : "inherit",
      take: (options) => client.elect(args.name, args.value!, options),
      held: (held) => this.#held(held, words),
    });
    if (document === undefined) this.exit(exit);
    process.exitCode = exit;
    return document;
  }

  async #observe(name: string, words: readonly string[], client: Awaited<ReturnType<Elect["connect"]>>): Promise<LeaderDocument> {
    if (words.length > 0) throw new RaftctlError("USAGE", "with --observe there is no command to run");
    const [{ observe, leaderLine }, { written }] = await Promise.all([import("../cli/lock/observing.ts"), import("../cli/watching.ts")]);
    const stopping = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopping.abort());
    const leaders = client.leaders(name, { signal: stopping.signal });
    return observe(name, leaders, stopping.signal, (document) => written(this.jsonEnabled() ? this.line(document) : leaderLine(document)));
  }

  #held(document: HoldingDocument, words: readonly string[]): void {
    if (this.jsonEnabled()) this.printLine(document);
    else if (words.length === 0) this.print(`${document.key}\t${document.token}`);
  }
}

import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { RaftctlError } from "../base/errors.ts";
import { behindDashes } from "../cli/argv.ts";
import { BaseCommand } from "../cli/base-command.ts";
import { countFlag, durationFlag } from "../cli/flags.ts";
import { readTarget } from "../cli/read-query.ts";
import type { ChangeDocument, ProgressDocument, WatchSink } from "../cli/watching.ts";
import type { WatchEvent } from "../wire/watch-events.ts";

export default class WatchKeys extends BaseCommand<ChangeDocument | ProgressDocument> {
  static override summary = "Tell every change of a key, a prefix or a range, as it is applied";
  static override description =
    "Each change once and in order, from now on or from an index on that the log still holds, whatever becomes of connections and leaders meanwhile. Ctrl-C ends it with 0. " +
    "Exit 4 (COMPACTED) when what changed at the index is not retained any more; the message says from which one it is. With --exec a program is run for each change, one after the other; " +
    "what stands behind -- are its arguments, RAFTCTL_WATCH_KIND, _KEY, _INDEX and _VERSION in its environment and the value on its standard input. When it fails, the watch ends there.";
  static override examples = [
    "<%= config.bin %> watch app/mode",
    "<%= config.bin %> watch --prefix app/ --from-index 1042 --json",
    "<%= config.bin %> watch --prefix app/ --only puts --exec ./reload.sh -- --now",
    "<%= config.bin %> watch --range a..b --keys-only --progress 10s",
  ];
  static override args = { key: Args.string({ ignoreStdin: true, description: "the key" }) };
  static override strict = false;
  static override ownsSignals = true;
  static override flags = {
    prefix: Flags.string({ helpValue: "<prefix>", description: "all keys that begin so", exclusive: ["range"] }),
    range: Flags.string({ helpValue: "<a..b>", description: "all keys from A (included) to B (not included); either may be empty" }),
    "from-index": countFlag({ helpValue: "<index>", description: "begin with what this entry of the log changed (default: what comes now)" }),
    only: Flags.option({ options: ["puts", "deletes"] as const, description: "only these changes" })(),
    "keys-only": Flags.boolean({ description: "no values" }),
    progress: durationFlag({ description: "say at least this often how far it has come" }),
    limit: countFlag({ description: "end after so many changes" }),
    exec: Flags.string({ helpValue: "<program>", description: "run this for each change; its arguments stand behind --" }),
  };

  async run(): Promise<ProgressDocument> {
    const { flags, argv } = await this.parse(WatchKeys);
    const { limit, "keys-only": keysOnly } = flags;
    const behind = behindDashes(this.argv);
    const [key, ...rest] = (argv as string[]).slice(0, argv.length - behind.length);
    checkWords(rest, behind, flags.exec);
    const target = readTarget({ key, prefix: flags.prefix, range: flags.range });
    const [{ followChanges }, perform] = await Promise.all([import("../cli/watching.ts"), this.#perform(flags.exec, behind)]);
    const client = await this.connect(flags);
    const watch = client.watch("key" in target ? target : target.query, { fromIndex: flags["from-index"], only: flags.only, keysOnly, progressMs: flags.progress });
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => watch.close());
    const goOn = (firstRetained: string): string => `read the keys with raftctl get, then go on with --from-index ${firstRetained}`;
    return followChanges(watch, { limit, perform, goOn }, await this.#sink(keysOnly, perform !== undefined));
  }

  async #perform(program: string | undefined, args: readonly string[]): Promise<((event: WatchEvent) => Promise<void>) | undefined> {
    if (program === undefined) return undefined;
    const { runForChange } = await import("../cli/change-command.ts");
    return (event) => runForChange({ program, args, output: this.jsonEnabled() ? 2 : "inherit" }, event);
  }

  /** Of a program that is run the output is what there is to see. */
  async #sink(keysOnly: boolean, isPerformed: boolean): Promise<WatchSink> {
    const { documentSink, textSink } = await import("../cli/watching.ts");
    if (this.jsonEnabled()) return documentSink((document) => this.line(document), { keysOnly });
    const sink = textSink((text) => this.note(text), { keysOnly });
    return isPerformed ? { ...sink, change: async () => undefined } : sink;
  }
}

function checkWords(rest: readonly string[], behind: readonly string[], exec: string | undefined): void {
  if (rest.length > 0) throw new RaftctlError("USAGE", `unexpected argument: ${rest.join(" ")} (one KEY, --prefix P or --range A..B)`);
  if (behind.length > 0 && exec === undefined) throw new RaftctlError("USAGE", "what stands behind -- are arguments of a program: name it with --exec");
}

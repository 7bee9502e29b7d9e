import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { RaftctlError } from "../base/errors.ts";
import type { Client } from "../client/client.ts";
import { countFlag, durationFlag } from "../cli/flags.ts";
import { pastFlags } from "../cli/history/history-flags.ts";
import type { PastReadDocument } from "../cli/history/value-at.ts";
import { LogCommand, type ChosenLogs } from "../cli/inspect-log/log-command.ts";
import type { ReadDocument, StateDocument } from "../cli/read.ts";
import type { ReadTarget } from "../cli/read-query.ts";
import { releaseSignals } from "../cli/signals.ts";
import type { ChangeDocument, ProgressDocument } from "../cli/watching.ts";

export default class Get extends LogCommand<ReadDocument | PastReadDocument | ProgressDocument, StateDocument | ChangeDocument | ProgressDocument> {
  static override summary = "Read a key, or all keys of a prefix or range";
  static override description = "Into a pipe the value of a single KEY is written byte for byte. Exit 4 when KEY does not exist. All keys of a prefix or range are as they were at one index. With --watch: what there is, and then every change after it as `raftctl watch` tells it, none missing and none twice; Ctrl-C ends it with 0. With --at: as it was after that entry of the log, as far as logs, snapshots and backups show; exit 2 where they do not.";
  static override examples = [
    "<%= config.bin %> get app/mode",
    "<%= config.bin %> get --prefix app/ --keys-only",
    "<%= config.bin %> get --range a..b --limit 10 --json",
    "<%= config.bin %> get app/mode --consistency stale --max-lag 500ms",
    "<%= config.bin %> get --prefix app/ --watch --json",
    "<%= config.bin %> get app/mode --at 1042 --data-dir /mnt/n3 --from monday.raftbak",
  ];
  static override args = { key: Args.string({ ignoreStdin: true, description: "the key" }) };
  static override flags = {
    at: countFlag({ helpValue: "<index>", description: "as it was after this entry of the log", exclusive: ["prefix", "range", "keys-only", "limit", "count", "consistency", "max-lag", "min-index"] }),
    prefix: Flags.string({ helpValue: "<prefix>", description: "all keys that begin so", exclusive: ["range"] }),
    range: Flags.string({ helpValue: "<a..b>", description: "all keys from A (included) to B (not included); either may be empty" }),
    "keys-only": Flags.boolean({ description: "no values" }),
    limit: countFlag({ description: "at most so many keys" }),
    count: Flags.boolean({ description: "only how many keys there are", exclusive: ["keys-only", "limit"] }),
    consistency: Flags.option({
      options: ["linearizable", "lease", "leader", "stale"] as const, default: "linearizable" as const,
      description: "linearizable: sees every write that was acknowledged before; lease: the same, by clocks instead of a majority (raft.leaseReads); leader: what the leader has; stale: what the node at hand has",
    })(),
    "max-lag": durationFlag({ description: "with stale: exit 11 when the node heard of a leader longer ago" }),
    "min-index": countFlag({ helpValue: "<index>", description: "wait until this log index is applied" }),
    watch: Flags.boolean({ description: "and then every change after it, until Ctrl-C", exclusive: ["at", "limit", "count", "consistency", "max-lag", "min-index", "output"] }),
    ...pastFlags,
    output: Flags.option({ options: ["raw", "text"] as const, default: "text" as const, description: "raw: bytes as they are, also on a terminal" })(),
  };

  protected async look(): Promise<ReadDocument | PastReadDocument | ProgressDocument> {
    const { args, flags } = await this.parse(Get);
    const [{ readTarget }, { read }] = await Promise.all([import("../cli/read-query.ts"), import("../cli/read.ts")]);
    const target = readTarget({ key: args.key, prefix: flags.prefix, range: flags.range });
    if (flags.at !== undefined && "key" in target) return this.#readPast({ ...flags, key: target.key, at: flags.at });
    if (flags.watch) return this.#follow(await this.connect(flags), target, flags["keys-only"]);
    const options = { consistency: flags.consistency, minIndex: flags["min-index"], maxLagMs: flags["max-lag"] };
    const keysOnly = flags["keys-only"];
    const client = await this.connect(flags);
    const { document, records } = await read(client, { target, limit: flags.limit, keysOnly, countOnly: flags.count, options });
    const [single] = records;
    if ("key" in target && single === undefined) this.fail(new RaftctlError("NOT_FOUND", `no key ${JSON.stringify(target.key)}`), document);
    if (this.jsonEnabled()) return document;
    const { recordLines, singleValue } = await import("../cli/kv-text.ts");
    if (flags.count) this.print(String(document.count));
    else if ("key" in target && !keysOnly) this.write(singleValue(single!.value, flags.output, process.stdout.isTTY));
    else this.write(recordLines(records, { mode: flags.output, keysOnly }));
    return document;
  }

  async #follow(client: Client, target: ReadTarget, keysOnly: boolean): Promise<ProgressDocument> {
    const [{ documentSink, followChanges, textSink }, { readDocument }, { recordLines }] = await Promise.all([
      import("../cli/watching.ts"), import("../cli/read.ts"), import("../cli/kv-text.ts"),
    ]);
    const { watch, ...listed } = await client.listAndWatch("key" in target ? target : target.query, { keysOnly });
    releaseSignals();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => watch.close());
    const isJson = this.jsonEnabled();
    if (isJson) this.printLine({ kind: "state", ...readDocument(listed, { keysOnly, consistency: "linearizable" }) });
    else {
      this.write(recordLines(listed.records, { mode: "text", keysOnly }));
      this.note(`as it was at index ${listed.index}; what changed since then follows`);
    }
    const sink = isJson ? documentSink((document) => this.line(document), { keysOnly }) : textSink((text) => this.note(text), { keysOnly });
    return followChanges(watch, { goOn: () => "run the same again: it reads the keys and goes on from there" }, sink);
  }

  async #readPast(flags: PastFlags): Promise<PastReadDocument> {
    const { key, at, from: files } = flags;
    const [{ readHistory }, { missingAt, valueAt }, { historyOf, openLogDirectory }, { singleValue }] = await Promise.all([
      import("../cli/history/history-reading.ts"), import("../cli/history/value-at.ts"), import("../daemon/offline.ts"), import("../cli/kv-text.ts"),
    ]);
    const { history } = await readHistory(historyOf, { key, files, open: () => this.openChosen(flags, openLogDirectory) });
    const { document, value } = valueAt(history, at);
    if (value === undefined) this.fail(missingAt(key, at), document);
    this.write(singleValue(value, flags.output, process.stdout.isTTY));
    return document;
  }
}

interface PastFlags extends ChosenLogs {
  readonly key: string;
  readonly at: number;
  readonly from?: string[] | undefined;
  readonly output: "raw" | "text";
}

import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { countFlag } from "../../cli/flags.ts";
import type { EntryDocument } from "../../cli/inspect-log/documents.ts";
import { LogCommand, logFlags } from "../../cli/inspect-log/log-command.ts";
import type { Asked, ListingDocument } from "../../cli/inspect-log/inspection.ts";
import type { LiveLog } from "../../cli/inspect-log/live-log.ts";

export default class InspectLog extends LogCommand<ListingDocument, EntryDocument> {
  static override summary = "The entries of a node's log, decoded";
  static override description =
    "Of the node at hand, of a member, or of a data directory, which is only read, also while its daemon runs. Without a range: what follows the newest snapshot. Values are hidden: their length and checksum are shown. Exit 4 for what is not in the log, 13 for damage, behind the entries before it.";
  static override examples = [
    "<%= config.bin %> inspect-log --last 20",
    "<%= config.bin %> inspect-log 1000..1100 --node n2 --type command --prefix app/ --values",
    "<%= config.bin %> inspect-log --data-dir /var/lib/raftctl --stats --json",
    "<%= config.bin %> inspect-log --since 10m --type command --key app/mode",
    "<%= config.bin %> inspect-log --follow --json",
  ];
  static override args = { range: Args.string({ ignoreStdin: true, description: "indexes A..B, A.., ..B or A; both ends included" }) };
  static override flags = {
    ...logFlags,
    type: Flags.string({ helpValue: "<types>", description: "only entries of these types: command, config, noop" }),
    term: countFlag({ description: "only entries of this term" }),
    key: Flags.string({ helpValue: "<key>", description: "only what writes this key", exclusive: ["prefix"] }),
    prefix: Flags.string({ helpValue: "<prefix>", description: "only what writes keys that begin so" }),
    committed: Flags.boolean({ description: "only what is known to be committed", exclusive: ["uncommitted"] }),
    uncommitted: Flags.boolean({ description: "only what is not known to be committed" }),
    since: Flags.string({ helpValue: "<time>", description: "from the first entry on that was taken in then or later: 10m (ago), 2026-01-31T12:00:00Z", exclusive: ["last"] }),
    last: countFlag({ description: "the last so many of them", exclusive: ["limit", "stats", "follow"] }),
    limit: countFlag({ description: "at most so many (default 1000)", exclusive: ["stats", "follow"] }),
    values: Flags.boolean({ description: "show the values", exclusive: ["decoder"] }),
    decoder: Flags.string({ helpValue: "<file>", description: "an ES module whose default export takes (type, bytes) and returns JSON; it is code and is run", exclusive: ["stats"] }),
    stats: Flags.boolean({ description: "only how many, how large, and under which keys" }),
    follow: Flags.boolean({ description: "go on with what is committed from now on, until Ctrl-C; with --json one document per line", exclusive: ["data-dir", "stats", "uncommitted"] }),
  };

  protected async look(): Promise<ListingDocument> {
    const { args, flags } = await this.parse(InspectLog);
    const [{ askedFor, inspectLog }, { damageFinding }, { openLogDirectory }] = await Promise.all([
      import("../../cli/inspect-log/inspection.ts"), import("../../cli/inspect-log/listing.ts"), import("../../daemon/offline.ts"),
    ]);
    const asked = await askedFor(args.range, flags);
    if (flags.follow) return this.#follow(await this.openLive(flags), asked);
    const log = await this.openLog(flags, openLogDirectory);
    const document = await inspectLog(log, asked, this.jsonEnabled(), (text) => this.print(text));
    const damage = damageFinding(log.header);
    return damage === undefined ? document : this.fail(damage, document);
  }

  async #follow(log: LiveLog, asked: Asked): Promise<ListingDocument> {
    const { followLog } = await import("../../cli/inspect-log/follow.ts");
    return followLog(log, asked, {
      document: this.jsonEnabled() ? (entry) => this.printLine(entry) : undefined,
      text: (line) => this.print(line),
      warn: (warning) => this.addWarning(warning),
    });
  }
}

// What the `inspect-log` commands share: which log is meant (a directory, a member by name, or the node at hand), and the envelope's header, which names the
// node whose log it is. Logs that were opened are closed when the command ends.

import * as Flags from "@oclif/core/flags";
import type { Client } from "../../client/client.ts";
import type { LogSource } from "../../wire/log-inspection.ts";
import { BaseCommand } from "../base-command.ts";
import type { Header } from "../envelope.ts";
import type { GlobalFlags } from "../flags.ts";
import type { UnreadableLog } from "./comparing.ts";
import type { LiveLog } from "./live-log.ts";

/** daemon/offline.ts, which this floor may not know. */
export type OpenDirectory = (dataDir: string, region: string) => Promise<LogSource>;

export const logFlags = {
  "data-dir": Flags.string({ helpValue: "<dir>", description: "read the log in this data directory, without a daemon or beside one", exclusive: ["node"] }),
  node: Flags.string({ helpValue: "<name>", description: "ask this member for its log, instead of the node at hand" }),
};

export interface LogFlags extends GlobalFlags {
  readonly "data-dir"?: string | undefined;
  readonly node?: string | undefined;
}

export interface ChosenLogs extends GlobalFlags {
  readonly "data-dir"?: string[] | undefined;
  readonly node?: string | undefined;
}

export abstract class LogCommand<Result, Line = never> extends BaseCommand<Line> {
  readonly #opened: LogSource[] = [];
  #header: Header | undefined;
  /** One, however often a log is opened again. */
  #asked: Client | undefined;

  /** The command's own work. */
  protected abstract look(): Promise<Result>;

  async run(): Promise<Result> {
    try {
      return await this.look();
    } finally {
      for (const log of this.#opened) await log.close();
    }
  }

  protected async openLog(flags: LogFlags, openDirectory: OpenDirectory): Promise<LogSource> {
    const dataDir = flags["data-dir"];
    return dataDir === undefined ? this.openLive(flags) : this.#keep(await openDirectory(dataDir, flags.region ?? "global"));
  }

  /** Those directories, and the node that is named, or the one at hand when neither is. */
  protected async openChosen(flags: ChosenLogs, openDirectory: OpenDirectory): Promise<LogSource[]> {
    const { node, "data-dir": dataDirs = [] } = flags;
    const logs: LogSource[] = node === undefined && dataDirs.length > 0 ? [] : [await this.openLive(flags)];
    for (const dataDir of dataDirs) logs.push(this.#keep(await openDirectory(dataDir, flags.region ?? "global")));
    return logs;
  }

  /** Of a node that runs. */
  protected async openLive(flags: Omit<LogFlags, "data-dir">): Promise<LiveLog> {
    const { openMemberLog, openOwnLog } = await import("./log-choice.ts");
    this.#asked ??= await this.connect(flags);
    const client = this.#asked;
    return this.#keep(await (flags.node === undefined ? openOwnLog(client) : openMemberLog(client, flags.node)));
  }

  /** Those that are named; all members when none is. What cannot be read at all is among them as its damage. */
  protected async openAll(flags: GlobalFlags & { readonly node?: string[] | undefined; readonly "data-dir"?: string[] | undefined }, openDirectory: OpenDirectory): Promise<(LogSource | UnreadableLog)[]> {
    const [{ openForComparison }, { allMembers, openLogOf }] = await Promise.all([import("./comparing.ts"), import("./log-choice.ts")]);
    const [names = [], dataDirs = []] = [flags.node, flags["data-dir"]];
    const opened: (LogSource | UnreadableLog)[] = [];
    if (names.length > 0 || dataDirs.length === 0) {
      const client = await this.connect(flags);
      for (const member of await allMembers(client, names)) opened.push(this.#keep(await openLogOf(member, client)));
    }
    for (const dataDir of dataDirs) opened.push(await openForComparison(dataDir, async () => this.#keep(await openDirectory(dataDir, flags.region ?? "global"))));
    return opened;
  }

  protected override header(): Header {
    return this.#header ?? super.header();
  }

  #keep<Log extends LogSource>(log: Log): Log {
    this.#opened.push(log);
    const { clusterId, nodeId, node, region, hardState, lastIndex } = log.header;
    // Of several logs the first one.
    this.#header ??= { clusterId, nodeId, node, region, term: String(hardState.term), index: String(lastIndex) };
    return log;
  }
}

// The daemon as a process: log, signals, the line that says it serves, and the exit code. SIGTERM and SIGINT stop it in order; a second one stops it at
// once. A parent that holds the other end of the lifeline takes the daemon with it when it dies.

import { closeSync, writeSync } from "node:fs";
import { AssertionFailure } from "../base/assert.ts";
import { toRaftctlError } from "../base/errors.ts";
import type { LoadedConfig } from "../config/load.ts";
import { watchFile } from "../config/watch.ts";
import { onParentGone } from "../platform/lifeline.ts";
import { compactionPolicy } from "./compaction-policy.ts";
import { Daemon } from "./daemon.ts";
import { openLog, type Log } from "./log.ts";
import { systemParts } from "./parts.ts";
import { setUpV8 } from "./v8-settings.ts";

export interface RunOptions {
  readonly loaded: LoadedConfig;
  /** Loads the configuration again, from where it came, after its file has changed. */
  readonly reload: () => Promise<LoadedConfig>;
  /** One line of JSON is written there: ready, or why not. */
  readonly readyFd: number | undefined;
  readonly lifelineFd: number | undefined;
}

const drainMs = 2_000;

/** @returns the exit code, when the daemon has ended */
export async function runDaemon(options: RunOptions): Promise<number> {
  setUpV8();
  const { config } = options.loaded;
  const log = openLog(config.log.level, config.log.file ?? 2);
  try {
    const daemon = await Daemon.start(options.loaded, await systemParts(log.logger));
    const reached = { socket: daemon.socket, peer: daemon.peerAddress, client: daemon.clientAddress, ...(daemon.httpAddress !== undefined && { http: daemon.httpAddress }) };
    report(options.readyFd, { ready: true, pid: process.pid, ...reached });
    log.logger.info(reached, "ready");
    return await serve(daemon, log, options);
  } catch (thrown) {
    const error = toRaftctlError(thrown);
    log.logger.fatal({ code: error.code, reason: error.message, hint: error.hint }, "the daemon did not start");
    report(options.readyFd, { ready: false, error: { code: error.code, message: error.message, exit: error.exit, hint: error.hint ?? null } });
    return error.exit;
  }
}

async function serve(daemon: Daemon, log: Log, { loaded, reload, lifelineFd }: RunOptions): Promise<number> {
  stopOnSignal(daemon);
  if (lifelineFd !== undefined) onParentGone(lifelineFd, () => void daemon.stop({ transfer: false, drainMs: 0 }));
  process.on("uncaughtException", (error) => dieOfOurBug(error, log));
  process.on("unhandledRejection", (reason) => dieOfOurBug(reason, log));
  process.on("SIGHUP", () => log.reopen());
  const watching = loaded.file === undefined ? undefined : watchFile(loaded.file, () => void applyChanges(reload, daemon, log));
  const error = await daemon.ended;
  await daemon.stop({ transfer: false, drainMs: 0 });
  await (await watching)?.close();
  if (error === undefined) log.logger.info({}, "stopped");
  return error === undefined ? 0 : toRaftctlError(error).exit;
}

/** What can change while the daemon runs: the level of the log, and when to take snapshots. A file that is wrong is reported and changes nothing. */
async function applyChanges(reload: RunOptions["reload"], daemon: Daemon, log: Log): Promise<void> {
  try {
    const { config } = await reload();
    log.setLevel(config.log.level);
    if (daemon.state === "ready" || daemon.state === "joining") daemon.region.raft.compaction = compactionPolicy(config);
    log.logger.info({ level: config.log.level }, "the configuration was read again");
  } catch (error) {
    log.logger.warn({ reason: toRaftctlError(error).message }, "the changed configuration is not valid and was not taken");
  }
}

/** A node that has met its own bug must not write or say anything more. */
function dieOfOurBug(reason: unknown, log: Log): never {
  const error = reason instanceof Error ? reason : new Error(String(reason));
  log.logger.fatal({ reason: error.message, stack: error.stack, assertion: error instanceof AssertionFailure }, "this node met a bug of its own and stops");
  process.exit(1);
}

/** To be asked to stop is no failure: exit code 0. Asked twice, it goes at once. */
function stopOnSignal(daemon: Daemon): void {
  const stop = (): void => {
    process.once("SIGTERM", () => process.exit(143));
    process.once("SIGINT", () => process.exit(130));
    void daemon.stop({ transfer: true, drainMs });
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

function report(fd: number | undefined, line: object): void {
  if (fd === undefined) return;
  writeSync(fd, `${JSON.stringify(line)}\n`);
  closeSync(fd);
}

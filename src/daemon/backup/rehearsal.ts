// A backup is only real if it starts: the file is restored into a temporary directory (mode 0700), and a real node of one serves it, alone, on a free port of
// the loopback interface. Whoever began it stops it; then the directory is gone again.

import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../base/logger.ts";
import { loadConfig } from "../../config/load.ts";
import { Daemon } from "../daemon.ts";
import { systemParts } from "../parts.ts";
import { restoreFile, type RestoreReport } from "./restore.ts";

export interface Rehearsal {
  readonly report: RestoreReport;
  readonly directory: string;
  readonly endpoint: string;
  readonly socket: string;
  stop(): Promise<void>;
}

const loopback = "127.0.0.1:0";
const settings = { listenPeer: loopback, listenClient: loopback };

/** Serves when it resolves; leaves nothing behind when it rejects. @throws what restoring and starting throw */
export async function startRehearsal(file: string): Promise<Rehearsal> {
  const directory = await mkdtemp(join(tmpdir(), "raftctl-rehearsal-"));
  // However this process ends.
  const removeAtExit = (): void => rmSync(directory, { recursive: true, force: true });
  process.once("exit", removeAtExit);
  const remove = async (): Promise<void> => {
    await rm(directory, { recursive: true, force: true });
    process.off("exit", removeAtExit);
  };
  try {
    const dataDir = join(directory, "data");
    const report = await restoreFile(file, dataDir, { name: "rehearsal", members: [], token: undefined, keepClusterId: false, bumpIndex: 0, settings });
    const socket = join(directory, "admin.sock");
    const config = await loadConfig({ flags: { dataDir, adminSocket: socket, "listen.peer": loopback, "listen.client": loopback }, env: {}, cwd: directory });
    const daemon = await Daemon.start(config, await systemParts(silentLogger));
    const stop = async (): Promise<void> => {
      await daemon.stop({ transfer: false, drainMs: 0 });
      await remove();
    };
    const failure = await Promise.race([daemon.entered.then(() => undefined), daemon.ended]);
    if (failure !== undefined) throw failure;
    return { report, directory, endpoint: daemon.clientAddress, socket, stop };
  } catch (error) {
    await remove();
    throw error;
  }
}

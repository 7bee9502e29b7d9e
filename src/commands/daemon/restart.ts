import { BaseCommand } from "../../cli/base-command.ts";
import { directoryFlags, listenFlags } from "../../cli/node-flags.ts";
import { stopFlags, stopWaitMs } from "../../cli/stop-flags.ts";
import type { DaemonStatus } from "../../wire/admin-protocol.ts";

export default class DaemonRestart extends BaseCommand {
  static override summary = "Stop the daemon of this node, if it is running, and start it again";
  static override examples = ["<%= config.bin %> daemon restart", "<%= config.bin %> daemon restart --drain 10s --json"];
  static override flags = { ...directoryFlags, ...listenFlags, ...stopFlags };

  async run(): Promise<DaemonStatus> {
    const { flags } = await this.parse(DaemonRestart);
    const [{ findOwnNode, startOwnNode }, { stopDaemon }, { daemonText }, { readDataDirectory }] = await Promise.all([
      import("../../cli/own-node.ts"), import("../../cli/local-daemon.ts"), import("../../cli/daemon-view.ts"), import("../../daemon/offline.ts"),
    ]);
    const node = await findOwnNode(flags, readDataDirectory);
    await stopDaemon(node, { transfer: flags.transfer, drainMs: flags.drain }, flags.drain + stopWaitMs);
    const status = await startOwnNode(node, flags, flags.timeout);
    this.print(daemonText(status));
    return status;
  }
}

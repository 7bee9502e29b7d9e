import { BaseCommand } from "../../cli/base-command.ts";
import { directoryFlags } from "../../cli/node-flags.ts";
import { stopFlags, stopWaitMs } from "../../cli/stop-flags.ts";

export default class DaemonStop extends BaseCommand {
  static override summary = "Stop the daemon of this node and wait until it is gone";
  static override description = "The node stays a member and comes back with `daemon start`; to take it out for good use `leave`. Exit 0 too when none is running.";
  static override examples = ["<%= config.bin %> daemon stop", "<%= config.bin %> daemon stop --drain 10s --no-transfer"];
  static override flags = { ...directoryFlags, ...stopFlags };

  async run(): Promise<{ pid: number | null; state: "stopped"; dataDir: string }> {
    const { flags } = await this.parse(DaemonStop);
    const [{ findOwnNode }, { stopDaemon }, { readDataDirectory }] = await Promise.all([
      import("../../cli/own-node.ts"), import("../../cli/local-daemon.ts"), import("../../daemon/offline.ts"),
    ]);
    const node = await findOwnNode(flags, readDataDirectory);
    const options = { transfer: flags.transfer, drainMs: flags.drain };
    const pid = await stopDaemon(node, options, flags.timeout ?? flags.drain + stopWaitMs);
    this.print(pid === undefined ? `no daemon is running: nobody listens at ${node.socket}` : `stopped (pid ${pid})`);
    return { pid: pid ?? null, state: "stopped", dataDir: node.dataDir };
  }
}

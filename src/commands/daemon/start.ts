import { BaseCommand } from "../../cli/base-command.ts";
import { directoryFlags, listenFlags } from "../../cli/node-flags.ts";
import type { DaemonStatus } from "../../wire/admin-protocol.ts";

export default class DaemonStart extends BaseCommand {
  static override summary = "Start the daemon in the background and wait until it serves";
  static override description =
    "It serves when it listens and has read its log; a leader is not needed for that. If it does not start, its own error and exit code are shown. Output goes to daemon.log in the data directory. Exit 0 too when it is running already.";
  static override examples = ["<%= config.bin %> daemon start", "<%= config.bin %> daemon start --data-dir /var/lib/raftctl --timeout 30s --json"];
  static override flags = { ...directoryFlags, ...listenFlags };

  async run(): Promise<DaemonStatus & { alreadyRunning: boolean }> {
    const { flags } = await this.parse(DaemonStart);
    const [ownNode, { daemonStatus }, { daemonText }, { readDataDirectory }] = await Promise.all([
      import("../../cli/own-node.ts"), import("../../cli/local-daemon.ts"), import("../../cli/daemon-view.ts"), import("../../daemon/offline.ts"),
    ]);
    const node = await ownNode.findOwnNode(flags, readDataDirectory);
    const running = await daemonStatus(node);
    if (running !== undefined) this.note(`already running (pid ${running.pid})`);
    const status = running ?? (await ownNode.startOwnNode(node, flags, flags.timeout));
    this.print(daemonText(status));
    return { ...status, alreadyRunning: running !== undefined };
  }
}

import { RaftctlError } from "../../base/errors.ts";
import { BaseCommand } from "../../cli/base-command.ts";
import type { DaemonDocument } from "../../cli/daemon-view.ts";
import { directoryFlags } from "../../cli/node-flags.ts";

export default class DaemonStatusCommand extends BaseCommand {
  static override summary = "Is the daemon of this node running, and how";
  static override description = "Exit 3 when it is not running. What the cluster does is in `status`.";
  static override examples = ["<%= config.bin %> daemon status", "<%= config.bin %> daemon status --json | jq -r .result.state"];
  static override flags = directoryFlags;

  async run(): Promise<DaemonDocument> {
    const { flags } = await this.parse(DaemonStatusCommand);
    const [{ findOwnNode }, { daemonStatus }, view, { readDataDirectory }] = await Promise.all([
      import("../../cli/own-node.ts"), import("../../cli/local-daemon.ts"), import("../../cli/daemon-view.ts"), import("../../daemon/offline.ts"),
    ]);
    const node = await findOwnNode(flags, readDataDirectory);
    const status = await daemonStatus({ socket: node.socket, ...(flags.timeout !== undefined && { timeoutMs: flags.timeout }) });
    if (status === undefined) {
      const error = new RaftctlError("UNREACHABLE", `no daemon is running: nobody listens at ${node.socket}`, { hint: "raftctl daemon start" });
      this.fail(error, view.stoppedDocument(node.loaded.config));
    }
    this.print(view.daemonText(status));
    return status;
  }
}

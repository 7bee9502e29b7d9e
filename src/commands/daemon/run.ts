import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import { directoryFlags, listenFlags, loadRequest } from "../../cli/node-flags.ts";
import { reportFailure } from "../../cli/ready-report.ts";

export default class DaemonRun extends BaseCommand {
  static override summary = "Run the daemon in the foreground";
  static override description =
    "Logs JSON on stderr or into log.file. SIGTERM and Ctrl-C stop it in order, exit 0. For supervisors such as systemd: --ready-fd says when it serves.";
  static override examples = ["<%= config.bin %> daemon run --data-dir /var/lib/raftctl", "<%= config.bin %> daemon run --config raftctl.config.yaml"];
  static override flags = {
    ...directoryFlags,
    ...listenFlags,
    "ready-fd": Flags.integer({ min: 3, helpValue: "<n>", description: "write one line of JSON to this descriptor: ready, or the error" }),
    "lifeline-fd": Flags.integer({ min: 0, hidden: true, description: "stop when this descriptor ends" }),
  };
  static override ownsSignals = true;

  async run(): Promise<{ exit: number }> {
    const { flags } = await this.parse(DaemonRun);
    const [{ loadConfig }, { readDataDirectory }] = await Promise.all([import("../../config/load.ts"), import("../../daemon/offline.ts")]);
    const identitySettings = async (dataDir: string) => (await readDataDirectory(dataDir))?.settings;
    const load = () => loadConfig({ ...loadRequest(flags, process.env, process.cwd()), identitySettings });
    const loaded = await load().catch((error: unknown) => reportFailure(error, flags["ready-fd"]));
    const { runDaemon } = await import("../../daemon/main.ts");
    const exit = await runDaemon({ loaded, reload: load, readyFd: flags["ready-fd"], lifelineFd: flags["lifeline-fd"] });
    process.exitCode = exit;
    return { exit };
  }
}

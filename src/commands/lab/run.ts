import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../cli/base-command.ts";
import { labFlags } from "../../cli/lab/flags.ts";

export default class LabRun extends BaseCommand {
  static override summary = "Run a command against a throw-away cluster and end with its exit code";
  static override description =
    "Starts a lab, sets RAFTCTL_ENDPOINT and RAFTCTL_LAB, runs the command, passes signals on to it, and removes the lab whatever happens. With --json the command's output goes to stderr.";
  static override examples = ["<%= config.bin %> lab run -- npm test", "<%= config.bin %> lab run --nodes 5 -- sh -c 'raftctl put k v && raftctl get k'"];
  static override usage = "lab run [--nodes <n>] [--dir <dir>] [--keep] -- COMMAND...";
  static override strict = false;
  static override args = { command: Args.string({ required: true, ignoreStdin: true, description: "the command and its arguments, behind --" }) };
  static override flags = labFlags;
  static override ownsSignals = true;

  async run(): Promise<{ exit: number; lab: string; command: string[] }> {
    const { flags, argv } = await this.parse(LabRun);
    const { runInLab } = await import("../../cli/lab/errand.ts");
    const command = argv as string[];
    const request = { nodes: flags.nodes, dir: flags.dir, keep: flags.keep, env: process.env };
    const { lab, exit } = await runInLab(request, command, this.jsonEnabled() ? 2 : "inherit");
    process.exitCode = exit;
    return { exit, lab, command };
  }
}

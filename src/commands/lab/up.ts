import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import type { LabDocument } from "../../cli/lab/document.ts";
import { labFlags } from "../../cli/lab/flags.ts";

export default class LabUp extends BaseCommand {
  static override summary = "Start a throw-away cluster on this machine";
  static override description =
    "Real daemons on free loopback ports with data in a temporary directory. In the foreground it shows the cluster at work and stays until Ctrl-C; then no process and no directory is left, also if it is killed. With --detach or --json it returns once the lab is up, and `lab down` ends it.";
  static override examples = [
    "<%= config.bin %> lab up",
    'eval "$(<%= config.bin %> lab up --nodes 3 --json | jq -r .result.env)"',
    "<%= config.bin %> lab up --nodes 5 --detach --keep --dir ./lab",
  ];
  static override flags = { ...labFlags, detach: Flags.boolean({ description: "return once it is up (implied by --json)" }) };
  static override ownsSignals = true;

  async run(): Promise<LabDocument | undefined> {
    const { flags } = await this.parse(LabUp);
    const request = { nodes: flags.nodes, dir: flags.dir, keep: flags.keep, env: process.env };
    if (flags.detach || this.jsonEnabled()) return this.#detached(request);
    const { runInForeground } = await import("../../cli/lab/foreground.ts");
    const output = { print: (text: string) => this.print(text), note: (text: string) => this.note(text) };
    const { document, exit } = await runInForeground({ ...request, quiet: flags.quiet }, output);
    process.exitCode = exit;
    return document;
  }

  async #detached(request: { nodes: number; dir: string | undefined; keep: boolean; env: NodeJS.ProcessEnv }): Promise<LabDocument> {
    const { launchDetached } = await import("../../cli/lab/detached.ts");
    const document = await launchDetached(request, (text) => this.note(text));
    this.print(`${document.env}\n# raftctl lab down ${document.lab}`);
    return document;
  }
}

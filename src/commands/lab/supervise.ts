import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";

export default class LabSupervise extends BaseCommand {
  static override summary = "Own the daemons of a lab until told to stop (started by `lab up` and `lab run`)";
  static override hidden = true;
  static override flags = {
    lab: Flags.string({ required: true }),
    nodes: Flags.integer({ required: true, min: 1 }),
    dir: Flags.string(),
    keep: Flags.boolean({ default: false }),
    lifeline: Flags.boolean({ default: false }),
  };
  static override ownsSignals = true;

  async run(): Promise<{ exit: number }> {
    const { flags } = await this.parse(LabSupervise);
    const [{ supervise }, offline] = await Promise.all([import("../../cli/lab/supervision.ts"), import("../../daemon/offline.ts")]);
    const { lab, nodes, dir, keep, lifeline } = flags;
    const directory = { init: offline.initDataDirectory, join: offline.joinDataDirectory };
    const exit = await supervise({ lab, nodes, dir, keep, env: process.env }, directory, lifeline);
    process.exitCode = exit;
    return { exit };
  }
}

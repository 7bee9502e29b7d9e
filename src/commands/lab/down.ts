import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../cli/base-command.ts";

export default class LabDown extends BaseCommand {
  static override summary = "End a lab: stop its daemons and remove its data";
  static override description = "Without LAB the one of RAFTCTL_LAB, else the only one that is running. Exit 0 too when none is; exit 4 for a LAB that is not running.";
  static override examples = ["<%= config.bin %> lab down", "<%= config.bin %> lab down lab-1f2e3d4c --json"];
  static override args = { lab: Args.string({ ignoreStdin: true, description: "name of the lab" }) };

  async run(): Promise<{ stopped: string | null; kept: string | null }> {
    const { args, flags } = await this.parse(LabDown);
    const { endLab } = await import("../../cli/lab/ending.ts");
    const record = await endLab(args.lab, process.env, flags.timeout);
    this.print(record === undefined ? "no lab is running" : `${record.lab} is gone${record.keep ? `; its data is in ${record.dir}` : ""}`);
    return { stopped: record?.lab ?? null, kept: record?.keep === true ? record.dir : null };
  }
}

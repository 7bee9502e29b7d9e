import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../cli/base-command.ts";
import type { LabStatusDocument } from "../../cli/lab/inspection.ts";

export default class LabStatus extends BaseCommand {
  static override summary = "The labs that are running, with their nodes";
  static override description = "Without LAB all of them. Exit 4 for a LAB that is not running.";
  static override examples = ["<%= config.bin %> lab status", "<%= config.bin %> lab status lab-1f2e3d4c --json"];
  static override args = { lab: Args.string({ ignoreStdin: true, description: "name of the lab" }) };

  async run(): Promise<LabStatusDocument> {
    const { args } = await this.parse(LabStatus);
    const { inspectLabs, labsText } = await import("../../cli/lab/inspection.ts");
    const document = await inspectLabs(args.lab, process.env);
    this.print(labsText(document));
    return document;
  }
}

import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../cli/base-command.ts";
import type { Diagnosis } from "../cli/doctor/diagnosis.ts";

export default class Doctor extends BaseCommand {
  static override summary = "Why there is no leader, or what else is wrong, and the smallest thing that helps";
  static override description =
    "Asks the daemon at hand and every member that it knows, or reads data directories without any daemon, and evaluates the election rules for each voter. Needs neither a leader nor a majority. Exit 0 healthy, 11 when something is wrong, 13 when a directory is damaged.";
  static override examples = [
    "<%= config.bin %> doctor",
    "<%= config.bin %> doctor --endpoint 10.0.0.1:7400,10.0.0.2:7400",
    "<%= config.bin %> doctor --data-dir /mnt/n1 --data-dir /mnt/n2 --json",
  ];
  static override flags = {
    "data-dir": Flags.string({ multiple: true, multipleNonGreedy: true, helpValue: "<dir>", description: "read this directory of a stopped node; alone, nothing else is asked" }),
    only: Flags.string({ helpValue: "<id>", description: "look for this cause alone" }),
  };

  async run(): Promise<Diagnosis> {
    const { flags } = await this.parse(Doctor);
    const [{ causeFlag, consult, finding, whomToAsk }, { diagnosisText }, { examineDirectory }] = await Promise.all([
      import("../cli/doctor/consultation.ts"), import("../cli/doctor/text.ts"), import("../daemon/offline.ts"),
    ]);
    const only = flags.only === undefined ? undefined : causeFlag(flags.only);
    const dataDirs = flags["data-dir"] ?? [];
    const asked = await whomToAsk(flags, dataDirs, process.env);
    const { diagnosis, warnings } = await consult({ ...asked, dataDirs, timeoutMs: flags.timeout ?? asked.target?.timeoutMs ?? 5_000, examineDirectory, env: process.env }, only);
    for (const warning of warnings) this.addWarning(warning);
    this.print(diagnosisText(diagnosis));
    const error = finding(diagnosis);
    return error === undefined ? diagnosis : this.fail(error, diagnosis);
  }
}

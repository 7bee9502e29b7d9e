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
    "<%= config.bin %> doctor --bundle support.json.gz --redact",
  ];
  static override flags = {
    "data-dir": Flags.string({ multiple: true, multipleNonGreedy: true, helpValue: "<dir>", description: "read this directory of a stopped node; alone, nothing else is asked" }),
    only: Flags.string({ helpValue: "<id>", description: "look for this cause alone" }),
    bundle: Flags.string({ helpValue: "<file>", description: "write all that was seen there, for whoever helps; compressed when it ends in .gz" }),
    redact: Flags.boolean({ dependsOn: ["bundle"], description: "with pseudonyms for hosts, addresses, node names, paths and the cluster" }),
  };

  async run(): Promise<Diagnosis & { bundle: string | null }> {
    const { flags } = await this.parse(Doctor);
    const [{ causeFlag, consult, finding, questionMs, whomToAsk }, { diagnosisText }, { keepBundle }, { refuseExisting }, { examineDirectory }] = await Promise.all([
      import("../cli/doctor/consultation.ts"), import("../cli/doctor/text.ts"), import("../cli/doctor/bundle.ts"), import("../cli/doctor/bundle-file.ts"), import("../daemon/offline.ts"),
    ]);
    const only = flags.only === undefined ? undefined : causeFlag(flags.only);
    if (flags.bundle !== undefined) await refuseExisting(flags.bundle);
    const dataDirs = flags["data-dir"] ?? [];
    const asked = await whomToAsk(flags, dataDirs, process.env);
    const round = { ...asked, dataDirs, timeoutMs: questionMs(flags.timeout ?? asked.target?.timeoutMs), examineDirectory, env: process.env };
    const visit = await consult(round, only);
    for (const warning of visit.warnings) this.addWarning(warning);
    this.print(diagnosisText(visit.diagnosis));
    const kept = await keepBundle(flags.bundle, visit, round, { version: this.config.version, redact: flags.redact });
    if (kept.text !== undefined) this.print(kept.text);
    const document = { ...visit.diagnosis, bundle: kept.path ?? null };
    const error = kept.error ?? finding(visit.diagnosis);
    return error === undefined ? document : this.fail(error, document);
  }
}

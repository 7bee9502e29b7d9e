import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import { loadRequest } from "../../cli/node-flags.ts";

export default class ConfigValidate extends BaseCommand {
  static override summary = "Check a configuration without starting anything";
  static override description = "With --file only that file is checked, above the defaults; without it all that would be in force here. Exit 2 names key, value, what is wanted and where it came from.";
  static override examples = ["<%= config.bin %> config validate --file raftctl.config.yaml", "<%= config.bin %> config validate"];
  static override flags = { file: Flags.string({ helpValue: "<file>", description: "the file to check" }) };

  async run(): Promise<{ valid: true; file: string | null; configHash: string }> {
    const { flags } = await this.parse(ConfigValidate);
    const [{ loadConfig }, { configWarnings }] = await Promise.all([import("../../config/load.ts"), import("../../config/checks.ts")]);
    const unset = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("RAFTCTL_")));
    const env = flags.file === undefined ? process.env : unset;
    const loaded = await loadConfig(loadRequest({ ...flags, config: flags.file }, env, process.cwd()));
    for (const warning of configWarnings(loaded.config)) this.addWarning(warning);
    this.print(`OK ${loaded.file ?? "(no file, defaults)"}`);
    return { valid: true, file: loaded.file ?? null, configHash: loaded.configHash };
  }
}

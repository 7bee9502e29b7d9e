import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import type { ConfigDocument } from "../../cli/config-view.ts";
import { dataDirFlag } from "../../cli/flags.ts";

export default class ConfigShow extends BaseCommand {
  static override summary = "Show the effective configuration of this node";
  static override description =
    "Flags win over RAFTCTL_ variables, those over the named context, the nearest configuration file, what init or join recorded, and the defaults. Secrets are masked. A running daemon may have started with another one: compare the hash with `daemon status`.";
  static override examples = ["<%= config.bin %> config show", "<%= config.bin %> config show --origin", "<%= config.bin %> config show --file raftctl.config.yaml --json"];
  static override flags = {
    "data-dir": dataDirFlag,
    file: Flags.string({ helpValue: "<file>", description: "this configuration file instead of the nearest one" }),
    origin: Flags.boolean({ description: "say where each value came from" }),
  };

  async run(): Promise<ConfigDocument> {
    const { flags } = await this.parse(ConfigShow);
    const [{ findOwnNode }, { configDocument, configText }, { readDataDirectory }] = await Promise.all([
      import("../../cli/own-node.ts"), import("../../cli/config-view.ts"), import("../../daemon/offline.ts"),
    ]);
    const { loaded } = await findOwnNode({ ...flags, config: flags.file }, readDataDirectory);
    this.print(configText(loaded, flags.origin));
    return configDocument(loaded, flags.origin);
  }
}

import { BaseCommand } from "../../cli/base-command.ts";

export default class ConfigSchema extends BaseCommand {
  static override summary = "The JSON Schema of the configuration file";
  static override description = "For editors that complete and check JSON and YAML files. It does not know what spans several keys: `config validate` checks everything.";
  static override examples = ["<%= config.bin %> config schema > raftctl.schema.json"];

  async run(): Promise<{ jsonSchema: Record<string, unknown> }> {
    await this.parse(ConfigSchema);
    const { configJsonSchema } = await import("../../config/json-schema.ts");
    const jsonSchema = configJsonSchema();
    this.print(JSON.stringify(jsonSchema, undefined, 2));
    return { jsonSchema };
  }
}

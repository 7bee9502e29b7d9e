import * as Args from "@oclif/core/args";
import { BaseCommand } from "../cli/base-command.ts";
import type { SchemaDocument, SchemaListDocument } from "../cli/schemas.ts";

export default class Schema extends BaseCommand {
  static override summary = "The JSON Schema of what a command prints with --json";
  static override description =
    "Of success and failure alike; of a command that prints one document per line, of each line. Without COMMAND: all commands with the names of their schemas. A change that a reader may trip over gives a schema another /vN.";
  static override examples = ["<%= config.bin %> schema", "<%= config.bin %> schema member list > member-list.schema.json"];
  static override strict = false;
  static override args = { command: Args.string({ ignoreStdin: true, description: "the command as it is typed: put, member list" }) };

  async run(): Promise<SchemaListDocument | SchemaDocument> {
    const { argv } = await this.parse(Schema);
    const { listSchemas, schemaListText, schemaOf } = await import("../cli/schemas.ts");
    if (argv.length > 0) {
      const document = await schemaOf(argv.join(" "), this.config.commands, this.config.root);
      this.print(JSON.stringify(document.jsonSchema, undefined, 2));
      return document;
    }
    const list = listSchemas(this.config.commands);
    this.print(schemaListText(list));
    return list;
  }
}

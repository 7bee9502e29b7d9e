// The schemas of the commands' JSON, as they lie in the package's folder schemas/. They are generated from the types of the documents; see
// tools/schemas/command-schemas.ts.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "@oclif/core/command";
import { schemaFile, schemaName } from "./envelope.ts";
import { unknownCommand } from "./suggestion.ts";
import { renderTable } from "./table.ts";

export interface SchemaListDocument {
  commands: { command: string; schema: string }[];
}

export interface SchemaDocument {
  command: string;
  /** Of draft 2020-12. */
  jsonSchema: Record<string, unknown>;
}

type Described = Pick<Command.Cached, "id" | "hidden" | "flags"> & { readonly schemaVersion?: number };

export function listSchemas(commands: readonly Described[]): SchemaListDocument {
  const visible = commands.filter((command) => !command.hidden && "json" in command.flags).map(({ id, schemaVersion }) => ({ command: id.replaceAll(":", " "), schema: schemaName(id, schemaVersion) }));
  return { commands: visible.toSorted((left, right) => (left.command < right.command ? -1 : 1)) };
}

export function schemaListText({ commands }: SchemaListDocument): string {
  return renderTable(commands, [{ title: "COMMAND", cell: ({ command }) => command }, { title: "SCHEMA", cell: ({ schema }) => schema }]);
}

/** @param root the package's folder. @throws USAGE when there is no such command. */
export async function schemaOf(command: string, commands: readonly Described[], root: string): Promise<SchemaDocument> {
  const known = listSchemas(commands).commands.map((one) => one.command);
  if (!known.includes(command)) throw unknownCommand(command, known, "raftctl schema");
  const text = await readFile(join(root, "schemas", schemaFile(command.replaceAll(" ", ":"))), "utf8");
  return { command, jsonSchema: JSON.parse(text) as Record<string, unknown> };
}

// Every JSON document that a test makes the command line print is held against the schema of its command. Which commands were seen with a result is noted
// for the last test of a whole run (test/last/), which names those that no test has shown.

import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { hasSwitch, normalizeArguments } from "../../src/cli/argv.ts";
import { schemaFile } from "../../src/cli/envelope.ts";
import type { JsonSchema } from "../../tools/schemas/type-reader.ts";
import { violations } from "./schema-check.ts";

export const schemasFolder = resolve(import.meta.dirname, "../../schemas");
/** Names the file that the notes go to, one command per line; set for the length of a run. */
export const notesVariable = "SCHEMAS_SEEN";

/** @throws when a document in `stdout` is not what the schema says. A line that has no end, of a process that was killed, is left out. */
export function checkJsonOutput(args: readonly string[], stdout: string): void {
  if (!hasSwitch(args, "--json")) return;
  const command = commandIn(args);
  const schema = schemaAt(command ?? "schema");
  for (const document of documentsIn(stdout)) {
    const wrong = violations(document, schema);
    if (wrong.length > 0) throw new Error(`raftctl ${args.join(" ")}: not as schemas/${schemaFile(command ?? "schema")} says:\n${wrong.join("\n")}\n${JSON.stringify(document)}`);
    if (command !== undefined && (document as { result?: unknown }).result !== undefined) note(command);
  }
}

/** The longest command that the words begin with; undefined for one that does not exist, which fails as every command may. */
function commandIn(args: readonly string[]): string | undefined {
  const words = normalizeArguments(args);
  const end = words.findIndex((word) => word.startsWith("-"));
  for (let count = end === -1 ? words.length : end; count > 0; count -= 1) {
    const id = words.slice(0, count).join(":");
    if (/^[a-z:-]+$/.test(id) && existsSync(join(schemasFolder, schemaFile(id)))) return id;
  }
  return undefined;
}

const read = new Map<string, JsonSchema>();

function schemaAt(id: string): JsonSchema {
  const known = read.get(id) ?? (JSON.parse(readFileSync(join(schemasFolder, schemaFile(id)), "utf8")) as JsonSchema);
  read.set(id, known);
  return known;
}

function documentsIn(stdout: string): unknown[] {
  return stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line) as unknown);
}

function note(id: string): void {
  const file = process.env[notesVariable];
  if (file !== undefined) appendFileSync(file, `${schemaFile(id)}\n`);
}

// For the length of a run of the tests: a file that takes the names of the commands whose JSON was seen (test/commands/json-output.ts).

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { notesVariable } from "../commands/json-output.ts";

/** Called once for each project; all share the file of the first. */
export function setup(): (() => void) | undefined {
  if (process.env[notesVariable] !== undefined) return undefined;
  const directory = mkdtempSync(join(tmpdir(), "raftctl-schemas-seen-"));
  const file = join(directory, "commands");
  writeFileSync(file, "");
  process.env[notesVariable] = file;
  return () => rmSync(directory, { recursive: true, force: true });
}

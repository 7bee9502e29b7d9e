// A small file beside the environments that says which one counts, under which boot of the operating system it was last opened, and whether it was
// closed properly. It is replaced as a whole (new file, fsync, rename, fsync of the directory): the moment of the rename is the moment at which a
// new environment takes the place of the old one.

import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";

export interface LmdbMark {
  /** Name of a directory beside this file. */
  readonly environment: string;
  readonly bootId: string;
  /** Everything was flushed and the environment closed; nobody has it open. */
  readonly clean: boolean;
}

const format = 1;
const fileName = "current.json";
const nameForm = /^state-[1-9][0-9]{0,8}$/;

/** undefined when there is none, or none that can be understood. */
export async function readMark(directory: string): Promise<LmdbMark | undefined> {
  const text = await readFile(join(directory, fileName), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return checkedMark(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function checkedMark(value: unknown): LmdbMark | undefined {
  const mark = value as Partial<LmdbMark> & { format?: unknown };
  const { environment, bootId, clean } = mark;
  if (mark.format !== format || typeof environment !== "string" || !nameForm.test(environment)) return undefined;
  return typeof bootId === "string" && typeof clean === "boolean" ? { environment, bootId, clean } : undefined;
}

/** Durable and visible when it resolves; before that the old mark stands. */
export async function writeMark(directory: string, mark: LmdbMark): Promise<void> {
  const path = join(directory, fileName);
  const file = await open(`${path}.new`, "w", 0o600);
  try {
    await file.writeFile(`${JSON.stringify({ format, ...mark })}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  await syncDirectory(directory);
}

export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export function isEnvironmentName(name: string): boolean {
  return nameForm.test(name);
}

export function environmentName(number: number): string {
  return `state-${number}`;
}

export function environmentNumber(name: string): number {
  return Number(name.slice("state-".length));
}

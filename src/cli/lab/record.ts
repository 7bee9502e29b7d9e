// The records of running labs: one JSON file each in a private folder of this user, written by the lab's supervisor before it makes anything else,
// so that whatever a killed supervisor leaves behind can be found and removed.

import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makePrivateDirectory, privateRuntimeDir } from "../../config/socket-path.ts";
import type { ProcessIdentity } from "../process-identity.ts";

export interface LabNode {
  readonly name: string;
  readonly id: string;
  readonly dataDir: string;
  readonly socket: string;
  /** host:port */
  readonly client: string;
  /** host:port */
  readonly peer: string;
  readonly process: ProcessIdentity;
}

export interface LabRecord {
  readonly lab: string;
  readonly dir: string;
  /** true: the lab made the directory and removes it; false: it only removes what it put there. */
  readonly ownsDir: boolean;
  /** The data stays when the lab ends. */
  readonly keep: boolean;
  readonly supervisor: ProcessIdentity;
  readonly state: "starting" | "up" | "stopping";
  /** How many it shall have; `nodes` has those that serve. */
  readonly nodeCount: number;
  readonly nodes: readonly LabNode[];
}

type Environment = NodeJS.ProcessEnv;

export function newLabName(): string {
  return `lab-${randomBytes(4).toString("hex")}`;
}

export function writeRecord(record: LabRecord, env: Environment): void {
  const file = recordFile(record.lab, env);
  writeFileSync(`${file}.new`, JSON.stringify(record, undefined, 2), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function removeRecord(lab: string, env: Environment): void {
  rmSync(recordFile(lab, env), { force: true });
}

/** Sorted by name. A file that is being written or is damaged is skipped. */
export function readRecords(env: Environment): LabRecord[] {
  const folder = recordFolder(env);
  const names = readdirSync(folder).filter((name) => name.endsWith(".json")).sort();
  return names.flatMap((name) => readRecord(join(folder, name)) ?? []);
}

function readRecord(file: string): LabRecord | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as LabRecord;
  } catch {
    return undefined;
  }
}

function recordFile(lab: string, env: Environment): string {
  return join(recordFolder(env), `${lab}.json`);
}

function recordFolder(env: Environment): string {
  const runtime = privateRuntimeDir(env);
  makePrivateDirectory(runtime);
  const folder = join(runtime, "labs");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

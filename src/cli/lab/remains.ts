// Removes what a lab leaves: its data, unless it is to be kept, and its record. Also for labs whose supervisor was killed and could not do it.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { awaitEnd, endProcess, isRunning } from "../process-identity.ts";
import { readRecords, removeRecord, type LabRecord } from "./record.ts";

/** Daemons whose supervisor is gone end by their lifeline; this is how long they may take. */
const lifelineGraceMs = 5_000;

/** Every `lab` command begins with this. Returns the names of the labs that it found dead. */
export async function sweepDeadLabs(env: NodeJS.ProcessEnv, graceMs: number = lifelineGraceMs): Promise<string[]> {
  const dead = readRecords(env).filter((record) => !isRunning(record.supervisor));
  for (const record of dead) {
    await Promise.all(record.nodes.map((node) => endOrphan(node.process, graceMs)));
    await removeRemains(record, env);
  }
  return dead.map((record) => record.lab);
}

/** The record goes last: if this is interrupted, the next call finds the rest. */
export async function removeRemains(record: LabRecord, env: NodeJS.ProcessEnv): Promise<void> {
  if (!record.keep) await removeData(record);
  removeRecord(record.lab, env);
}

/** What the supervisor puts into the lab's directory beside one directory for each node. */
export const labConfigFile = "raftctl.config.json";

export function nodeNames(count: number): string[] {
  return Array.from({ length: count }, (_, place) => `n${place + 1}`);
}

async function removeData(record: LabRecord): Promise<void> {
  const options = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 } as const;
  if (record.ownsDir) return rm(record.dir, options);
  const made = [labConfigFile, ...nodeNames(record.nodeCount)];
  await Promise.all(made.map((name) => rm(join(record.dir, name), options)));
}

async function endOrphan(identity: LabRecord["supervisor"], graceMs: number): Promise<void> {
  if (!(await awaitEnd(identity, graceMs))) await endProcess(identity, 2_000);
}

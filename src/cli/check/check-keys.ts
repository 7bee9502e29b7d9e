// The keys of a check: reserved under one prefix, one run under an id that begins with the time of its start. What a run left behind because it was
// killed is recognised by that time: no run writes for longer than the longest duration, so keys of a run that began twice as long ago are remains.

import { randomBytes } from "node:crypto";
import { concatBytes, utf8, utf8Text } from "../../base/bytes.ts";
import type { Client } from "../../client/client.ts";
import { prefixEnd } from "../../client/key-range.ts";

export const reservedPrefix = "raftctl/check/";
/** One command that deletes: more keep every node busy for so long that others notice. */
const keysPerRemoval = 1000;
/** A run writes for at most this long. */
export const runMsMax = 3_600_000;

export function makeRunId(wallMs: number): string {
  return `${wallMs.toString(36)}-${randomBytes(4).toString("hex")}`;
}

export function runPrefix(runId: string): string {
  return `${reservedPrefix}${runId}/`;
}

/** Deletes what earlier runs left; how many of them there were. Keys under the prefix that no run made stay. */
export async function removeRemains(client: Client, wallMs: number): Promise<number> {
  const runs = new Set<string>();
  for await (const page of client.kv.pages({ start: reservedPrefix, end: prefixEnd(utf8(reservedPrefix)), keysOnly: true })) {
    for (const { key } of page.records) {
      const runId = runIdOf(utf8Text(key) ?? "");
      if (runId !== undefined && isOver(runId, wallMs)) runs.add(runId);
    }
  }
  for (const runId of runs) await removeKeys(client, runPrefix(runId));
  return runs.size;
}

/** All below a prefix. */
export async function removeKeys(client: Client, prefix: string): Promise<void> {
  for (;;) {
    const { records } = await client.kv.prefix(prefix, { keysOnly: true, limit: keysPerRemoval });
    const last = records.at(-1);
    if (last === undefined) return;
    await client.kv.deleteRange(prefix, concatBytes([last.key, new Uint8Array(1)]));
  }
}

function runIdOf(key: string): string | undefined {
  return /^[a-z0-9]{1,10}-[0-9a-f]{8}$/.exec(key.slice(reservedPrefix.length).split("/", 1)[0] ?? "")?.[0];
}

function isOver(runId: string, wallMs: number): boolean {
  return Number.parseInt(runId.split("-", 1)[0]!, 36) < wallMs - 2 * runMsMax;
}

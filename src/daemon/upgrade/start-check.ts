// The first look at a data directory that a program may be too old, or too new, for: at the cluster version in its state, before anything is written there.
// Where there is no state that can be relied on, whatever rebuilds it refuses in the same words.

import { settingContent, settingKey } from "../../machine/settings.ts";
import { clusterVersionSetting, finalizedLevel, levelFault } from "../../wire/cluster-version.ts";
import type { DaemonParts } from "../parts.ts";

/** @throws INCOMPATIBLE naming the level and what this program knows, CORRUPT */
export async function refuseUnknownLevel({ readState, crc32, versions }: Pick<DaemonParts, "readState" | "crc32" | "versions">, directory: string): Promise<void> {
  const key = settingKey(clusterVersionSetting);
  const value = await readState(directory, key);
  if (value === undefined) return;
  const fault = levelFault(finalizedLevel(settingContent({ key, value }, crc32)), versions);
  if (fault !== undefined) throw fault;
}

// What a running daemon may take over from a changed configuration, and what has to wait for a restart: the level of the log and when to take
// snapshots change while it runs.

import type { LoadedConfig } from "./load.ts";
import { leaves, type Config } from "./schema.ts";

const reloadableKeys: ReadonlySet<string> = new Set([
  "log.level", "compaction.logBytes", "compaction.entries", "compaction.interval", "compaction.trailingEntries", "compaction.trailingBytes",
]);

export interface ConfigChanges {
  /** Dotted keys. */
  readonly reloadable: readonly string[];
  readonly needRestart: readonly string[];
}

export function configChanges(before: LoadedConfig, after: LoadedConfig): ConfigChanges {
  const changed = [...leaves.keys()].filter((key) => valueOf(before.config, key) !== valueOf(after.config, key));
  return {
    reloadable: changed.filter((key) => reloadableKeys.has(key)),
    needRestart: changed.filter((key) => !reloadableKeys.has(key)),
  };
}

/** The value of a dotted key; undefined when it has none. */
export function valueOf(config: Config, key: string): unknown {
  const [group, name] = key.split(".");
  const value = (config as Readonly<Record<string, unknown>>)[group!];
  return name === undefined ? value : (value as Readonly<Record<string, unknown>>)[name];
}

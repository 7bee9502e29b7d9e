// The effective configuration as people read it and as a file would say it: durations and sizes with their units, secrets masked (T20).

import type { LoadedConfig } from "../config/load.ts";
import { formatDuration } from "../config/duration.ts";
import { valueOf } from "../config/reload.ts";
import { leaves } from "../config/schema.ts";
import { isSecretName, mask } from "../config/secrets.ts";
import { formatSize } from "../config/size.ts";
import { renderTable } from "./table.ts";
import { visible } from "./terminal.ts";

export interface ConfigDocument {
  /** Nested as in a file, which could be written from it. */
  config: Record<string, unknown>;
  configHash: string;
  file: string | null;
  /** By dotted key; only with --origin. */
  origin?: Readonly<Record<string, string>>;
}

export function configDocument(loaded: LoadedConfig, withOrigin: boolean): ConfigDocument {
  const config: Record<string, unknown> = {};
  for (const [key, value] of settings(loaded)) {
    const [group, name] = key.split(".");
    if (name === undefined) config[key] = value;
    else config[group!] = { ...(config[group!] as object | undefined), [name]: value };
  }
  return { config, configHash: loaded.configHash, file: loaded.file ?? null, ...(withOrigin && { origin: loaded.origin }) };
}

export function configText(loaded: LoadedConfig, withOrigin: boolean): string {
  const rows = settings(loaded).map(([key, value]) => ({ key, value: visible(String(value)), origin: visible(loaded.origin[key] ?? "") }));
  const columns = [
    { title: "KEY", cell: (row: (typeof rows)[number]) => row.key },
    { title: "VALUE", cell: (row: (typeof rows)[number]) => row.value },
  ];
  return renderTable(rows, withOrigin ? [...columns, { title: "ORIGIN", cell: (row) => row.origin }] : columns);
}

/** Every key that has a value, in the order of the schema. */
function settings({ config }: LoadedConfig): [string, unknown][] {
  return [...leaves.keys()].flatMap((key): [string, unknown][] => {
    const value = valueOf(config, key);
    return value === undefined ? [] : [[key, written(key, value)]];
  });
}

function written(key: string, value: unknown): unknown {
  const name = key.split(".").at(-1)!;
  if (isSecretName(name)) return mask;
  if (typeof value !== "number") return value;
  const { unit } = leaves.get(key)!;
  if (unit === "duration") return formatDuration(value);
  return unit === "size" ? formatSize(value) : value;
}

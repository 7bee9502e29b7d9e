// One layer of the configuration: values by dotted key, all from one place. Turns nested files, environment variables and flags into layers and
// refuses keys that the schema does not know, with the nearest one that it does.

import { RaftctlError } from "../base/errors.ts";
import type { Context } from "./contexts.ts";
import type { Environment } from "./paths.ts";
import { groups, leaves } from "./schema.ts";
import { nearestName } from "./suggestion.ts";

export interface Layer {
  readonly values: ReadonlyMap<string, unknown>;
  /** How the place of a key is named to people: "flag --data-dir", "env RAFTCTL_DATA_DIR", "file /etc/raftctl.config.yaml", … */
  readonly originOf: (key: string) => string;
  /** What relative paths in this layer are relative to. */
  readonly directory: string;
}

/** By dotted key; what is undefined was not given. */
export type ConfigFlags = Readonly<Record<string, string | number | boolean | undefined>>;

const environmentKeys: ReadonlyMap<string, string> = new Map([...leaves.keys()].map((key) => [environmentName(key), key]));
/** The command line has its own, shorter name for this one. */
const socketVariable = "RAFTCTL_SOCKET";

export function flagLayer(flags: ConfigFlags, cwd: string): Layer {
  const values = new Map(Object.entries(flags).filter(([, value]) => value !== undefined));
  refuseUnknown([...values.keys()], "flags");
  return { values, originOf: (key) => `flag ${flagName(key)}`, directory: cwd };
}

export function environmentLayer(env: Environment, cwd: string): Layer {
  const values = new Map<string, unknown>();
  const names = new Map<string, string>();
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value === "" || !name.startsWith("RAFTCTL_")) continue;
    const key = name === socketVariable ? "adminSocket" : environmentKeys.get(name);
    if (key === undefined) refuseUnknownVariable(name);
    else if (!values.has(key) || name !== socketVariable) {
      values.set(key, value);
      names.set(key, name);
    }
  }
  return { values, originOf: (key) => `env ${names.get(key) ?? environmentName(key)}`, directory: cwd };
}

export function contextLayer(name: string, context: Context, directory: string): Layer {
  const values = new Map<string, unknown>();
  if (context.dataDir !== undefined) values.set("dataDir", context.dataDir);
  if (context.socket !== undefined) values.set("adminSocket", context.socket);
  return { values, originOf: () => `context ${name}`, directory };
}

/** @throws CONFIG_INVALID for a key that the schema does not know or a group that is no object. */
export function fileLayer(content: unknown, file: string, directory: string): Layer {
  const values = new Map<string, unknown>();
  const origin = `file ${file}`;
  flatten(content, "", origin, values);
  return { values, originOf: () => origin, directory };
}

export function fixedLayer(values: ReadonlyMap<string, unknown>, origin: string, directory: string): Layer {
  return { values, originOf: () => origin, directory };
}

function flatten(content: unknown, prefix: string, origin: string, values: Map<string, unknown>): void {
  if (content === undefined || content === null) return;
  if (typeof content !== "object" || Array.isArray(content)) {
    throw new RaftctlError("CONFIG_INVALID", `${prefix === "" ? "content" : prefix.slice(0, -1)}: ${show(content)} is not a group of keys (${origin})`);
  }
  for (const [name, value] of Object.entries(content)) {
    const key = `${prefix}${name}`;
    if (groups.has(key)) flatten(value, `${key}.`, origin, values);
    else values.set(key, value);
  }
  if (prefix === "") refuseUnknown([...values.keys()], origin);
}

function refuseUnknown(keys: readonly string[], origin: string): void {
  const unknown = keys.find((key) => !leaves.has(key));
  if (unknown === undefined) return;
  const nearest = nearestKey(unknown);
  const suggestion = nearest === undefined ? "" : `, did you mean ${nearest}?`;
  throw new RaftctlError("CONFIG_INVALID", `${unknown}: no such key${suggestion} (${origin})`, { hint: "raftctl config show" });
}

/** A key that was written in the wrong group is nearest by its last name. */
function nearestKey(unknown: string): string | undefined {
  const last = unknown.split(".").at(-1);
  return nearestName(unknown, [...leaves.keys()]) ?? [...leaves.keys()].find((key) => key.split(".").at(-1) === last);
}

/** RAFTCTL_… also carries what is no configuration (RAFTCTL_ENDPOINT, RAFTCTL_TOKEN, …), but a group's name in front is ours. */
function refuseUnknownVariable(name: string): void {
  const ours = [...groups].some((group) => name.startsWith(`RAFTCTL_${upperSnake(group)}_`));
  if (!ours) return;
  const nearest = nearestName(name, [...environmentKeys.keys()]);
  throw new RaftctlError("CONFIG_INVALID", `${name}: no such key${nearest === undefined ? "" : `, did you mean ${nearest}?`} (env)`);
}

export function environmentName(key: string): string {
  return `RAFTCTL_${key.split(".").map(upperSnake).join("_")}`;
}

function flagName(key: string): string {
  if (key === "adminSocket") return "--socket";
  return `--${key.replaceAll(".", "-").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function upperSnake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** A value in an error message: short, on one line. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

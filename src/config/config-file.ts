// Finds and reads the nearest configuration file: raftctl.config.{json,yaml,yml}, .raftctlrc[.json|.yaml|.yml] or package.json#raftctl, from the
// working directory upwards, then config.{json,yaml,yml} in the user's configuration folder. Only JSON and YAML. cosmiconfig reads the files, but
// does not search: its search runs .config/config.js and the like of the working directory, and `$import` may name a program too.

import { readFile } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { RaftctlError } from "../base/errors.ts";
import { homeDirectory, userConfigDir, type Environment } from "./paths.ts";

export interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  readonly content: unknown;
}

const places = [
  "raftctl.config.json",
  "raftctl.config.yaml",
  "raftctl.config.yml",
  ".raftctlrc",
  ".raftctlrc.json",
  ".raftctlrc.yaml",
  ".raftctlrc.yml",
  "package.json",
];
const userPlaces = ["config.json", "config.yaml", "config.yml"];
const loaderOf: Readonly<Record<string, ".json" | ".yaml">> = { ".json": ".json", ".yaml": ".yaml", ".yml": ".yaml", "": ".yaml" };

/** undefined when there is none on the way up to the home directory or the root, nor in the user's configuration folder. */
export async function findConfigFile(cwd: string, env: Environment): Promise<ConfigFile | undefined> {
  for (const directory of upwards(resolve(cwd), homeDirectory(env))) {
    const found = await firstOf(directory, places);
    if (found !== undefined) return found;
  }
  return firstOf(userConfigDir(env), userPlaces);
}

/** @throws CONFIG_INVALID when it cannot be read, is neither JSON nor YAML, or is damaged. */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new RaftctlError("CONFIG_INVALID", `configuration file ${path} cannot be read: ${reasonOf(cause)}`, { cause });
  }
  const content = await parse(path, text);
  return { path, content: basename(path) === "package.json" ? (content as { raftctl?: unknown } | null)?.raftctl : content };
}

async function firstOf(directory: string, names: readonly string[]): Promise<ConfigFile | undefined> {
  for (const name of names) {
    const found = await readConfigFile(join(directory, name)).catch(absentAsUndefined);
    if (found?.content !== undefined && found.content !== null) return found;
  }
  return undefined;
}

/** A place that holds no file, or one that this user may not see, is no reason to stop searching; a damaged file is. */
function absentAsUndefined(error: RaftctlError): undefined {
  const code = (error.cause as NodeJS.ErrnoException | undefined)?.code;
  if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR" || code === "EACCES") return undefined;
  throw error;
}

async function parse(path: string, text: string): Promise<unknown> {
  const loader = loaderOf[extname(path)] ?? (basename(path) === ".raftctlrc" ? ".yaml" : undefined);
  if (loader === undefined) {
    throw new RaftctlError("CONFIG_INVALID", `configuration file ${path} is not .json, .yaml or .yml (no other kind is read)`);
  }
  if (holdsNothing(path, text)) return undefined;
  const { defaultLoaders } = await import("cosmiconfig");
  try {
    return defaultLoaders[loader](path, text);
  } catch (cause) {
    throw new RaftctlError("CONFIG_INVALID", `configuration file ${path} is damaged: ${reasonOf(cause)}`, { cause });
  }
}

/** An empty file, one of comments alone, and the package.json of somebody else's project, whose damage is none of our business. */
function holdsNothing(path: string, text: string): boolean {
  if (basename(path) === "package.json") return !text.includes('"raftctl"');
  return text.split("\n").every((line) => /^\s*(#.*)?$/.test(line));
}

function* upwards(from: string, home: string): Generator<string> {
  for (let directory = from; ; directory = dirname(directory)) {
    yield directory;
    if (directory === home || directory === dirname(directory)) return;
  }
}

/** The parser's own sentence on one line, without the file name that it repeats. */
function reasonOf(cause: unknown): string {
  const lines = (cause instanceof Error ? cause.message : String(cause)).split("\n");
  return (/^(JSON|YAML) Error in /.test(lines[0] ?? "") ? lines[1] : lines[0]) ?? "unknown reason";
}

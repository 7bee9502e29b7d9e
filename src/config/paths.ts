// Where things are when nobody says so: the data directory of this user's node and the folders of the XDG base directory specification.

import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

export type Environment = Readonly<Record<string, string | undefined>>;

/** One node per user and machine needs no flag, from whatever directory a command is called: /var/lib/raftctl for root, else the XDG state folder. */
export function defaultDataDir(env: Environment): string {
  const state = absolute(env["XDG_STATE_HOME"]);
  if (state !== undefined) return join(state, "raftctl");
  if (process.getuid?.() === 0) return "/var/lib/raftctl";
  return join(homeDirectory(env), ".local", "state", "raftctl");
}

/** Holds contexts.json and the user's configuration file. */
export function userConfigDir(env: Environment): string {
  return join(absolute(env["XDG_CONFIG_HOME"]) ?? join(homeDirectory(env), ".config"), "raftctl");
}

export function homeDirectory(env: Environment): string {
  return absolute(env["HOME"]) ?? homedir();
}

/** The specification says that a relative path in these variables is to be ignored. */
function absolute(value: string | undefined): string | undefined {
  return value !== undefined && isAbsolute(value) ? value : undefined;
}

// The flags that every command has, and the typed flags that commands build theirs from. A flag whose text is wrong says what is wanted.

import * as Flags from "@oclif/core/flags";
import { RaftctlError } from "../base/errors.ts";
import { parseDuration } from "../config/duration.ts";
import { parseSize } from "../config/size.ts";

/** Milliseconds, from "250ms", "5s", "2m". */
export const durationFlag = Flags.custom<number>({ parse: async (text) => parseDuration(text), helpValue: "<duration>" });

/** Bytes, from "256KiB", "64MiB". */
export const sizeFlag = Flags.custom<number>({ parse: async (text) => parseSize(text), helpValue: "<size>" });

/** A whole number from 0 to 2^53-1: indexes, terms, versions, limits. */
export const countFlag = Flags.custom<number>({ parse: async (text) => parseCount(text), helpValue: "<n>" });

export function parseCount(text: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new RaftctlError("USAGE", `${JSON.stringify(text)} is not a whole number from 0 to 2^53-1`);
  return value;
}

const global = { helpGroup: "GLOBAL" } as const;

/** Every name and alias here must also stand in argv.ts, which moves them behind the command. */
export const globalFlags = {
  socket: Flags.string({ ...global, char: "S", helpValue: "<path>", exclusive: ["endpoint"], description: "admin socket of the daemon (env RAFTCTL_SOCKET)" }),
  endpoint: Flags.string({
    ...global, char: "e", helpValue: "<host:port>", multiple: true, multipleNonGreedy: true, delimiter: ",",
    description: "client listener to talk to, tried in order (env RAFTCTL_ENDPOINT)",
  }),
  context: Flags.string({ ...global, char: "c", helpValue: "<name>", description: "named context of the configuration (env RAFTCTL_CONTEXT)" }),
  region: Flags.string({ ...global, char: "r", helpValue: "<name>", description: "the region that is meant (default global)" }),
  timeout: durationFlag({ ...global, env: "RAFTCTL_TIMEOUT", description: "time limit of a call (default 5s)" }),
  quiet: Flags.boolean({ ...global, description: "no progress, warnings and hints on stderr" }),
  "no-color": Flags.boolean({ ...global, description: "no colour (env NO_COLOR)" }),
};

/** For verbs that ask first: without a terminal they refuse (exit 9) unless it is given. */
export const yesFlag = Flags.boolean({ char: "y", default: false, description: "do not ask" });
/** For verbs that change something: the same output, with "applied": false. */
export const dryRunFlag = Flags.boolean({ default: false, description: "say what would be done, and change nothing" });
/** For verbs that show the members. */
export const memberConsistencyFlag = Flags.option({
  options: ["linearizable", "leader", "stale"] as const,
  description: "linearizable: what a leader knows that a majority confirms; leader: what the leader knows; stale: what the node at hand knows (default: the leader's word if it answers at once, else the node's own)",
})();
/** For verbs that work on a directory or start a daemon. */
export const dataDirFlag = Flags.string({ helpValue: "<dir>", description: "data directory of the node (env RAFTCTL_DATA_DIR)" });

export interface GlobalFlags {
  readonly socket: string | undefined;
  readonly endpoint: string[] | undefined;
  readonly context: string | undefined;
  readonly region: string | undefined;
  /** Milliseconds; undefined when neither the flag nor RAFTCTL_TIMEOUT is given. */
  readonly timeout: number | undefined;
  readonly quiet: boolean;
}

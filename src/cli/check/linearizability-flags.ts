// The flags of `check linearizability`, and what they mean together: a check of a live cluster, or of a recorded history.

import * as Flags from "@oclif/core/flags";
import { RaftctlError } from "../../base/errors.ts";
import { formatDuration } from "../../config/duration.ts";
import { countFlag, durationFlag } from "../flags.ts";
import { runMsMax } from "./check-keys.ts";
import { ratioFlag } from "./ratio-flag.ts";

/** Defaults are filled in later, so that a flag that was given beside --history is noticed. */
export const linearizabilityFlags = {
  clients: Flags.integer({ min: 1, max: 64, helpValue: "<n>", description: "how many clients at a time (default 4)" }),
  duration: durationFlag({ description: "how long, at most 1h (default 10s; with a command: as long as that takes)" }),
  keys: Flags.integer({ min: 1, max: 1000, helpValue: "<n>", description: "how many keys at a time (default 8)" }),
  reads: ratioFlag({ description: "share of reads (default 0.5)" }),
  pairs: ratioFlag({ description: "share of the keys that are pairs, written by transactions (default 0.25)" }),
  leased: ratioFlag({ description: "share of the keys that hang on a lease, which expires or is revoked (default 0.25)" }),
  during: Flags.string({ helpValue: "<command>", description: "run this in a shell meanwhile; the check lasts until it ends" }),
  save: Flags.string({ helpValue: "<file>", description: "write the recorded history to this file" }),
  "min-acknowledged": countFlag({ description: "with fewer acknowledged operations the check is void (default 100; with --history 1)" }),
  history: Flags.string({
    helpValue: "<file>", description: "check this recorded history; - is the standard input",
    exclusive: ["clients", "duration", "keys", "reads", "pairs", "leased", "during", "save", "endpoint", "socket"],
  }),
};

export interface LinearizabilityFlags {
  readonly clients: number | undefined;
  readonly duration: number | undefined;
  readonly keys: number | undefined;
  readonly reads: number | undefined;
  readonly pairs: number | undefined;
  readonly leased: number | undefined;
  readonly during: string | undefined;
  readonly save: string | undefined;
  readonly "min-acknowledged": number | undefined;
  readonly history: string | undefined;
}

const defaults = { clients: 4, durationMs: 10_000, keys: 8, reads: 0.5, pairs: 0.25, leased: 0.25, acknowledgedMin: 100 };

export interface LiveOptions {
  readonly clients: number;
  readonly durationMs: number | undefined;
  readonly keys: number;
  readonly reads: number;
  readonly pairs: number;
  readonly leased: number;
  /** Program and arguments; undefined when nothing runs beside the clients. */
  readonly command: readonly string[] | undefined;
  readonly acknowledgedMin: number;
  readonly save: string | undefined;
}

/** @param words what stands behind the flags. @param argv all of the command line, to see where "--" is. */
export function liveOptions(flags: LinearizabilityFlags, words: readonly string[], argv: readonly string[]): LiveOptions {
  const command = commandOf(flags, words, argv);
  const { clients = defaults.clients, keys = defaults.keys, reads = defaults.reads, duration, save } = flags;
  const { pairs = Math.min(defaults.pairs, 1 - (flags.leased ?? 0)), leased = Math.min(defaults.leased, 1 - pairs) } = flags;
  if (pairs + leased > 1) throw new RaftctlError("USAGE", `--pairs ${pairs} and --leased ${leased} are shares of the same keys: together at most 1`);
  if (duration !== undefined && (duration < 1 || duration > runMsMax)) {
    throw new RaftctlError("USAGE", `--duration ${formatDuration(duration)}: want 1ms to ${formatDuration(runMsMax)}`);
  }
  const durationMs = duration ?? (command === undefined ? defaults.durationMs : undefined);
  return { clients, durationMs, keys, reads, pairs, leased, command, acknowledgedMin: flags["min-acknowledged"] ?? defaults.acknowledgedMin, save };
}

function commandOf(flags: LinearizabilityFlags, words: readonly string[], argv: readonly string[]): readonly string[] | undefined {
  refuseStrayWords(words, argv);
  if (flags.during === undefined) return words.length === 0 ? undefined : words;
  if (words.length > 0) throw new RaftctlError("USAGE", "give the command once: with --during, or behind --");
  return ["/bin/sh", "-c", flags.during];
}

/** A mistyped flag's value must not become a command that is run. */
export function refuseStrayWords(words: readonly string[], argv: readonly string[]): void {
  const end = argv.indexOf("--");
  const behind = end === -1 ? 0 : argv.length - end - 1;
  if (words.length > behind) throw new RaftctlError("USAGE", `unexpected argument: ${words[0]}; a command stands behind --`);
}

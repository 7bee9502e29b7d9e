// The cluster version: which kinds of commands and entries may be written to the log. A program knows a range of levels; the cluster has finalized one of
// them (a replicated setting, absent at first), and until it finalizes the next one nothing is written that the programs of this one cannot read: so each
// member can go back to the version that it ran before. A table says all of this for one program; whoever decides by it is handed the table.

import { RaftctlError } from "../base/errors.ts";
import type { entryTypes } from "../raft/entry.ts";
import { operationOf, type Command } from "./command.ts";

export const clusterVersionSetting = "cluster.version";
/** Of a cluster that has never finalized one. */
export const firstLevel = 1;

export interface ClusterVersions {
  /** The levels that the program can serve, both included. */
  readonly oldest: number;
  readonly newest: number;
  /** From which level on each kind may be written. */
  readonly commands: Readonly<Record<Command["operation"], number>>;
  /** No-ops and memberships are written by whoever leads, without asking: they stand at the oldest level. */
  readonly entries: Readonly<Record<keyof typeof entryTypes, number>>;
}

/** Of this program. */
export const clusterVersions: ClusterVersions = {
  oldest: 1,
  newest: 1,
  commands: { put: 1, delete: 1, deleteRange: 1, append: 1, set: 1, settle: 1, txn: 1, leaseGrant: 1, leaseRevoke: 1, sessionClose: 1 },
  entries: { noop: 1, command: 1, membership: 1 },
};

/** As the setting has it; undefined for what is no level. */
export function parseLevel(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9][0-9]{0,8}$/.test(text) ? Number(text) : undefined;
}

/** @param setting its value, undefined when it was never set. @throws CORRUPT */
export function finalizedLevel(setting: string | undefined): number {
  const level = setting === undefined ? firstLevel : parseLevel(setting);
  if (level === undefined) throw new RaftctlError("CORRUPT", `the setting ${clusterVersionSetting} is ${JSON.stringify(setting)}, not a level`);
  return level;
}

/** Why this program cannot serve a cluster that has finalized this level; undefined: it can. */
export function levelFault(level: number, { oldest, newest }: ClusterVersions): RaftctlError | undefined {
  if (level >= oldest && level <= newest) return undefined;
  const hint = level > newest
    ? "install the version of raftctl that ran here before, or a newer one: raftctl upgrade status on another member names theirs"
    : "install the version of raftctl that ran here before, finalize with it (raftctl upgrade finalize), and then this one";
  return new RaftctlError("INCOMPATIBLE", `the cluster has finalized version ${level}, this program knows ${rangeText({ min: oldest, max: newest })}`, {
    hint, details: { finalized: level, oldest, newest },
  });
}

/**
 * Why a command may not be written while this level is finalized; undefined: it may. Only of a command that decodes.
 * @param finalized asked only for what is newer than the oldest level
 */
export function admissionFault(command: Uint8Array, versions: ClusterVersions, finalized: () => number): RaftctlError | undefined {
  const operation = operationOf(command);
  const needed = Math.max(versions.commands[operation], versions.entries.command);
  if (needed <= versions.oldest) return undefined;
  const level = finalized();
  if (needed <= level) return undefined;
  return new RaftctlError("INCOMPATIBLE", `${operation} needs cluster version ${needed}, the cluster has finalized ${level}`, {
    hint: "raftctl upgrade finalize, once every member runs a version that knows it (raftctl upgrade status)",
    details: { finalized: level, needed },
  });
}

/** Commands that may be written from the one level on, and not below. */
export function commandsAllowed({ commands }: ClusterVersions, { above, upTo }: { readonly above: number; readonly upTo: number }): string[] {
  return Object.entries(commands).flatMap(([operation, level]) => (level > above && level <= upTo ? [operation] : []));
}

export interface LevelRange {
  readonly min: number;
  readonly max: number;
}

export function rangeText({ min, max }: LevelRange): string {
  return min === max ? `${min}` : `${min} to ${max}`;
}

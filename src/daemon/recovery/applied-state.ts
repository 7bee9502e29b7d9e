// How far the state of a survivor is. What a node has applied was committed, and the state is often ahead of the commit index that the log has recorded: so it
// raises what is known to be committed. A state that is not there, or cannot be relied on, says nothing: it can be rebuilt.

import { RaftctlError } from "../../base/errors.ts";
import { globalRegion } from "../../base/ids.ts";
import { positionKey } from "../../machine/keyspace.ts";
import { decodePosition } from "../../machine/position.ts";
import { crc32 } from "../../platform/crc32.ts";
import { readStateValue } from "../../platform/lmdb-view.ts";
import type { LogPosition } from "../../raft/entry.ts";
import { layout } from "../../storage/data-dir.ts";
import { termAt, type Survivor } from "./survivor.ts";

/** Reads only. @throws CORRUPT when log and state cannot both be this node's, INCOMPATIBLE */
export async function withAppliedState(survivor: Survivor): Promise<Survivor> {
  const state = layout.state(survivor.directory, globalRegion);
  return raised(survivor, decodePosition(await readStateValue(state, positionKey), crc32), state);
}

export function raised(survivor: Survivor, applied: LogPosition, state: string): Survivor {
  const { name, lastIndex } = survivor;
  if (applied.index > lastIndex) {
    throw new RaftctlError("CORRUPT", `the state of ${name} (${state}) has applied index ${applied.index}, but its log ends at ${lastIndex}: a part of the log is missing`, { hint: "leave it out" });
  }
  const term = termAt(survivor, applied.index);
  if (term !== undefined && term !== applied.term) {
    throw new RaftctlError("CORRUPT", `the state of ${name} (${state}) has applied index ${applied.index} of term ${applied.term}, which is of term ${term} in its log: one of them is not this node's`, {
      hint: "move that state aside when the log is the right one: it is rebuilt from snapshot and log",
    });
  }
  return { ...survivor, appliedIndex: applied.index };
}

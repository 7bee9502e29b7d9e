// What `recover collect` writes and `recover plan` reads: the survivors of one machine.

import * as v from "valibot";
import { clusterId, count, hardState, membership, nodeId, position, readSealed, sealed, type SealedDocument } from "./sealed-document.ts";
import type { Survivor } from "./survivor.ts";

const name = "raftctl.survivors/v1";

const survivor = v.object({
  directory: v.string(),
  clusterId,
  clusterIncarnation: count,
  nodeId,
  name: v.string(),
  incarnation: count,
  hardState,
  appliedIndex: count,
  snapshot: position,
  lastIndex: count,
  terms: v.array(v.object({ firstIndex: count, term: count })),
  memberships: v.pipe(v.array(v.object({ index: count, membership })), v.minLength(1)),
  tail: v.array(v.object({ index: count, term: count, keys: v.array(v.string()) })),
});

export function survivorsDocument(survivors: readonly Survivor[]): SealedDocument {
  return sealed(name, { survivors });
}

/** @throws NOT_FOUND, CORRUPT, INCOMPATIBLE */
export async function readSurvivors(path: string): Promise<readonly Survivor[]> {
  return (await readSealed(path, { name, content: v.object({ survivors: v.array(survivor) }) })).survivors;
}

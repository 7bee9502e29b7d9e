// The plan as a file: written once by `recover plan`, carried to the survivor's machine, carried out by `recover apply`, checked against by `recover
// verify`.

import * as v from "valibot";
import type { RecoveryPlan } from "./recovery-plan.ts";
import { clusterId, count, hardState, membership, nodeId, position, readSealed, sealed, type SealedDocument } from "./sealed-document.ts";

const name = "raftctl.recovery-plan/v1";

const namedNode = v.object({ nodeId, name: v.string(), peerAddress: v.string() });
const range = { from: count, to: count };
const orUndefined = <Schema extends v.GenericSchema>(schema: Schema) => v.pipe(v.nullable(schema), v.transform((value) => value ?? undefined));

const plan = v.object({
  planId: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)),
  madeAt: v.string(),
  clusterId,
  fromIncarnation: count,
  clusterIncarnation: count,
  survivor: v.object({ ...namedNode.entries, directory: v.string(), last: position, hardState }),
  entry: position,
  membership,
  rejoin: v.array(namedNode),
  dead: v.array(namedNode),
  deadCouldDecide: v.boolean(),
  loss: v.object({
    committedUpTo: count,
    unproven: orUndefined(v.object({ ...range, keys: v.array(v.string()) })),
    unknownFrom: orUndefined(count),
    entries: v.array(v.object({ ...range, term: count, heldBy: v.array(nodeId), keys: v.array(v.string()) })),
  }),
});

export function planDocument(made: RecoveryPlan): SealedDocument {
  return sealed(name, made);
}

/** @throws NOT_FOUND, CORRUPT, INCOMPATIBLE */
export async function readPlan(path: string): Promise<RecoveryPlan> {
  return readSealed(path, { name, content: plan });
}

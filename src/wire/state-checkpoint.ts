// A checkpoint of the state inside of a message: an index and a digest, or nothing twice.

import type { FieldReader } from "./check.ts";
import type { StateCheckpoint } from "./peer-protocol.ts";

export function checkpointFields(checkpoint: StateCheckpoint | undefined): readonly [number | null, string | null] {
  return checkpoint === undefined ? [null, null] : [checkpoint.index, checkpoint.digest];
}

export function readCheckpoint(fields: FieldReader): StateCheckpoint | undefined {
  const index = fields.optionalInteger("checkpoint.index", 1);
  const digest = fields.optionalText("checkpoint.digest", 32);
  if (index === undefined && digest === undefined) return undefined;
  if (index !== undefined && digest !== undefined && /^[0-9a-f]{32}$/.test(digest)) return { index, digest };
  throw fields.refusal("checkpoint", `${index} ${digest}`, "an index with a digest of 32 hexadecimal digits");
}

// What `raftctl join` wrote into the identity of a newcomer, for its daemon to carry out, also after a restart.

import * as v from "valibot";
import { RaftctlError } from "../base/errors.ts";
import type { Identity } from "../storage/data-dir.ts";

const schema = v.object({
  seeds: v.pipe(v.array(v.string()), v.minLength(1)),
  role: v.picklist(["voter", "learner"]),
  promote: v.picklist(["auto", "manual", "never"]),
  giveUpMs: v.number(),
});

export type JoinIntent = v.InferOutput<typeof schema>;

/** undefined for a node that founded its cluster. */
export function joinIntent(identity: Identity): JoinIntent | undefined {
  if (identity.foundedBy !== "join") return undefined;
  const parsed = v.safeParse(schema, identity.settings["join"]);
  if (!parsed.success) throw new RaftctlError("CORRUPT", `the identity of ${identity.name} says that it joins, but not how: ${parsed.issues[0].message}`);
  return parsed.output;
}

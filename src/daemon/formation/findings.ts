// From what came back from an address to what stands there. Nothing that a node says is believed before its shape is right: a wrong incarnation would
// get into an identity. Only a refusal that no waiting mends is one; everything else may be different at the next look.

import * as v from "valibot";
import type { ErrorCode, RaftctlError } from "../../base/errors.ts";
import { parseClusterId, parseNodeId } from "../../base/ids.ts";
import type { Finding } from "./rules.ts";

const nodeId = v.pipe(v.string(), v.regex(/^[1-9][0-9]{0,19}$/), v.transform(parseNodeId));

const schema = v.object({
  nodeId,
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  cluster: v.nullable(v.object({
    id: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/), v.transform(parseClusterId)),
    incarnation: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  })),
  vote: v.nullable(nodeId),
});

const definite: ReadonlySet<ErrorCode> = new Set(["CONFLICT", "DENIED", "BAD_REQUEST", "INCOMPATIBLE"]);

export function findingOfAnswer(address: string, answer: unknown): Finding {
  const parsed = v.safeParse(schema, answer);
  if (!parsed.success) {
    const { message } = parsed.issues[0];
    return { address, kind: "silent", reason: `${address} answers with what is no answer to a forming node: ${v.getDotPath(parsed.issues[0]) ?? "answer"}: ${message}` };
  }
  const { name, cluster, vote } = parsed.output;
  if (cluster !== null) return { address, kind: "member", name, cluster };
  return { address, kind: "forming", nodeId: parsed.output.nodeId, name, vote: vote ?? undefined };
}

/** Nobody is expected there but whoever is: only a node that dials itself meets an identity that does not fit. */
export function findingOfFailure(address: string, { code, message, hint }: RaftctlError): Finding {
  if (code === "PEER_IDENTITY_MISMATCH") return { address, kind: "self" };
  return definite.has(code) ? { address, kind: "refused", reason: message, code, hint } : { address, kind: "silent", reason: message };
}

// What a writer is told whose write a rule does not allow (S34, S37): the code REJECTED, and details that a program can act upon.

import { RaftctlError } from "../../base/errors.ts";
import { shownKey } from "./key-text.ts";
import type { Rule } from "./rule.ts";

export interface ViolationDetails {
  /** The condition of the rule. */
  readonly rule: "maxKeyBytes" | "maxValueBytes" | "schema" | "unique" | "immutable";
  /** JSON pointer into the value, for schema and unique. */
  readonly path?: string;
  readonly reason: string;
  /** unique: the key that has the value, or is about to. */
  readonly heldBy?: string;
}

export function violation(rule: Rule, key: Uint8Array, details: ViolationDetails): RaftctlError {
  const { prefix } = rule.document;
  const shown = shownKey(key);
  const place = details.path === undefined || details.path === "" ? "" : ` at ${details.path}`;
  return new RaftctlError("REJECTED", `${JSON.stringify(shown.key)} breaks the rule for ${JSON.stringify(prefix)} (${details.rule}): the ${details.rule === "maxKeyBytes" || details.rule === "immutable" ? "key" : "value"}${place} ${details.reason}`, {
    hint: `raftctl rules show ${JSON.stringify(prefix)}`,
    details: { ...details, prefix, ...shown },
  });
}

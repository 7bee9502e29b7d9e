// Rules for keys and values as the admin methods tell of them. Plain values.

export interface RuleReport {
  /** As it was written: machine/rules/rule.ts. */
  rule: RuleDocument;
  /** Per unique field: how many keys have a value there, on the node at hand; while it is not complete, writes under the prefix wait for it there. */
  indexes: { field: string; keys: number; isComplete: boolean }[];
}

export interface RuleDocument {
  prefix: string;
  maxKeyBytes?: number;
  maxValueBytes?: number;
  schema?: unknown;
  unique?: readonly string[];
  immutable?: true;
}

export interface RuleChange extends RuleReport {
  applied: boolean;
  index: number | null;
}

export interface RuleCheckReport {
  rule: RuleDocument;
  /** Looked at. */
  keys: number;
  violations: number;
  /** The first hundred. */
  found: readonly { key: string; keyEncoding: "utf8" | "hex"; rule: string; path: string | null; reason: string }[];
}

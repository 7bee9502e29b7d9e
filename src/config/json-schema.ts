// The configuration file as JSON Schema (draft 2020-12), for editors: every key is optional, no other key is allowed. What spans several keys, and the
// bounds of durations and sizes, are said in words, because the file has them as text.

import * as v from "valibot";
import { leaves } from "./schema.ts";

export function configJsonSchema(): Record<string, unknown> {
  const schema = { $schema: "https://json-schema.org/draft/2020-12/schema", title: "raftctl configuration file", ...group() };
  for (const [key, { schema: value, wanted }] of leaves) {
    const [first = "", second] = key.split(".");
    const leaf = { ...accepted(value), description: wanted };
    if (second === undefined) schema.properties[first] = leaf;
    else ((schema.properties[first] ??= group()) as Group).properties[second] = leaf;
  }
  return schema;
}

interface Group {
  readonly type: "object";
  readonly properties: Record<string, unknown>;
  readonly additionalProperties: false;
}

function group(): Group {
  return { type: "object", properties: {}, additionalProperties: false };
}

/** What may be written, before it is read into what it means. */
function accepted(schema: v.GenericSchema): Record<string, unknown> {
  if (v.isOfType("picklist", schema)) return { enum: (schema as unknown as v.PicklistSchema<readonly string[], undefined>).options };
  if (v.isOfType("union", schema)) return { anyOf: (schema as unknown as v.UnionSchema<v.GenericSchema[], undefined>).options.map(accepted) };
  return { type: schema.type };
}

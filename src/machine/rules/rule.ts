// A rule: what the keys under a prefix and their values must be. It is written as a JSON object, by people and in the replicated setting alike:
//
//   { "prefix": "users/",                              of keys, as text; "" is every key
//     "maxKeyBytes": 64, "maxValueBytes": 4096,        upper bounds
//     "schema": { … },                                 JSON Schema of the value (schema.ts)
//     "unique": ["/email"],                            JSON pointers: at each of these places a value occurs once under the prefix
//     "immutable": true }                              a key may be made and deleted, not changed

import { utf8 } from "../../base/bytes.ts";
import { RaftctlError } from "../../base/errors.ts";
import { limits } from "../../wire/limits.ts";
import { isRecord, type Json, type JsonPointer, parsePointer } from "./json.ts";
import { Schema } from "./schema.ts";

export const uniqueFieldsMax = 8;
const pointerLengthMax = 256;

/** As it is written. */
export interface RuleDocument {
  readonly prefix: string;
  readonly maxKeyBytes?: number;
  readonly maxValueBytes?: number;
  readonly schema?: Json;
  readonly unique?: readonly string[];
  readonly immutable?: true;
}

export interface UniqueField {
  /** The JSON pointer as it was written. */
  readonly field: string;
  readonly pointer: JsonPointer;
}

export interface Rule {
  readonly document: RuleDocument;
  readonly prefix: Uint8Array;
  readonly maxKeyBytes: number | undefined;
  readonly maxValueBytes: number | undefined;
  readonly schema: Schema | undefined;
  readonly unique: readonly UniqueField[];
  readonly isImmutable: boolean;
}

const conditions = ["maxKeyBytes", "maxValueBytes", "schema", "unique", "immutable"] as const;
const names: ReadonlySet<string> = new Set(["prefix", ...conditions]);

/** @throws INVALID_ARGUMENT that names what is wrong */
export function compileRule(value: Json): Rule {
  if (!isRecord(value)) throw invalid("want a JSON object");
  const unknown = Object.keys(value).find((name) => !names.has(name));
  if (unknown !== undefined) throw invalid(`${JSON.stringify(unknown)} is no condition (there are ${conditions.join(", ")})`);
  const { prefix } = value;
  if (typeof prefix !== "string" || utf8(prefix).length > limits.keyBytesMax) throw invalid(`prefix: want a text of at most ${limits.keyBytesMax} bytes`);
  const unique = uniqueFields(value["unique"]);
  const maxKeyBytes = bound("maxKeyBytes", value["maxKeyBytes"], limits.keyBytesMax);
  const maxValueBytes = bound("maxValueBytes", value["maxValueBytes"], limits.valueBytesMax);
  const { schema, immutable = false } = value;
  if (typeof immutable !== "boolean") throw invalid("immutable: want true or false");
  const document: RuleDocument = {
    prefix,
    ...(maxKeyBytes === undefined ? {} : { maxKeyBytes }),
    ...(maxValueBytes === undefined ? {} : { maxValueBytes }),
    ...(schema === undefined ? {} : { schema }),
    ...(unique.length === 0 ? {} : { unique: unique.map(({ field }) => field) }),
    ...(immutable ? { immutable: true as const } : {}),
  };
  if (conditions.every((name) => document[name] === undefined)) throw invalid(`it asks for nothing (conditions are ${conditions.join(", ")})`);
  return { document, prefix: utf8(prefix), maxKeyBytes, maxValueBytes, schema: schema === undefined ? undefined : new Schema(schema), unique, isImmutable: immutable };
}

function uniqueFields(value: Json | undefined): UniqueField[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > uniqueFieldsMax) throw invalid(`unique: want a list of at most ${uniqueFieldsMax} JSON pointers`);
  const fields = (value as readonly Json[]).map((field) => {
    const pointer = typeof field === "string" && field.length <= pointerLengthMax ? parsePointer(field) : undefined;
    if (pointer === undefined) throw invalid(`unique: ${JSON.stringify(field)} is no JSON pointer to a field (want one such as /email)`);
    return { field: field as string, pointer };
  });
  if (new Set(fields.map(({ field }) => field)).size < fields.length) throw invalid("unique: a field stands there twice");
  return fields;
}

function bound(name: string, value: Json | undefined, most: number): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= most) return value;
  throw invalid(`${name}: want a whole number from 0 to ${most}`);
}

function invalid(what: string): RaftctlError {
  return new RaftctlError("INVALID_ARGUMENT", `the rule cannot be taken: ${what}`, { hint: "docs/validation.md says what a rule may have" });
}

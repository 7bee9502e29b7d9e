import { expect, test } from "vitest";
import type { JsonSchema } from "../../tools/schemas/type-reader.ts";
import { violations } from "./schema-check.ts";

const person: JsonSchema = {
  $ref: "#/$defs/Person",
  $defs: {
    Person: {
      type: "object",
      properties: { name: { type: "string" }, size: { type: ["number", "null"] }, kind: { enum: ["a", "b"] }, children: { type: "array", items: { $ref: "#/$defs/Person" } }, pair: { type: "array", prefixItems: [{ const: 1 }, { type: "boolean" }], items: false, minItems: 2 }, extra: { type: "object", additionalProperties: { type: "number" } } },
      required: ["name"],
      additionalProperties: false,
    },
  },
};

test("what fits has no violations", () => {
  expect(violations({ name: "x" }, person)).toEqual([]);
  expect(violations({ name: "x", size: null, kind: "b", children: [{ name: "y", children: [] }], pair: [1, true], extra: { any: 1 } }, person)).toEqual([]);
});

test.each<[string, unknown, string[]]>([
  ["a property too many", { name: "x", nme: "y" }, ["$.nme: is not in the schema"]],
  ["a property that every object has", { name: "x", toString: "y" }, ["$.toString: is not in the schema"]],
  ["a missing property", { size: 1 }, ["$.name: is missing"]],
  ["another type", { name: 1 }, ["$.name: 1 is not of type string"]],
  ["null for an object", null, ["$: null is not of type object"]],
  ["an array for an object", [], ["$: [] is not of type object"]],
  ["none of the words", { name: "x", kind: "c" }, ['$.kind: "c" is none of a, b']],
  ["something deep down", { name: "x", children: [{ name: "y" }, { name: 7 }] }, ["$.children[1].name: 7 is not of type string"]],
  ["a short tuple", { name: "x", pair: [1] }, ["$.pair: 1 elements instead of 2"]],
  ["a long tuple with a wrong constant", { name: "x", pair: [2, true, 3] }, ["$.pair[0]: 2 is not 1", "$.pair[2]: is one too many"]],
  ["a value of an open object", { name: "x", extra: { any: "1" } }, ['$.extra.any: "1" is not of type number']],
])("%s is one", (_title, value, expected) => {
  expect(violations(value, person)).toEqual(expected);
});

test("of several alternatives one must fit, and the nearest is told", () => {
  const either: JsonSchema = { anyOf: [{ type: "object", properties: { ok: { const: true } }, required: ["ok"], additionalProperties: false }, { type: "string" }] };
  expect(violations({ ok: true }, either)).toEqual([]);
  expect(violations("x", either)).toEqual([]);
  expect(violations({ ok: false }, either)).toEqual(["$.ok: false is not true"]);
});

test("a keyword that is not looked at, and a reference to nothing, are errors", () => {
  expect(() => violations("x", { pattern: "y" } as JsonSchema)).toThrow("keywords that this check does not know: pattern");
  expect(() => violations("x", { $ref: "#/$defs/Nobody" })).toThrow("nothing is defined as #/$defs/Nobody");
});

// The keywords of JSON Schema that rules know: each with a value that it lets in and one that it does not, and everything else refused.

import { expect, test } from "vitest";
import type { Json } from "../../../src/machine/rules/json.ts";
import { Schema } from "../../../src/machine/rules/schema.ts";

/** schema, a value that it accepts, one that it does not, where, why */
const cases: [Json, Json, Json, string, string][] = [
  [{ type: "object" }, {}, [], "", "is not of type object"],
  [{ type: ["string", "null"] }, null, 1, "", "is not of type string or null"],
  [{ type: "integer" }, 1.0, 1.5, "", "is not of type integer"],
  [{ type: "number" }, 1.5, "1", "", "is not of type number"],
  [{ type: "array" }, [], {}, "", "is not of type array"],
  [{ type: "boolean" }, false, null, "", "is not of type boolean"],
  [{ enum: ["a", { b: [1] }] }, { b: [1] }, { b: [2] }, "", 'is none of ["a",{"b":[1]}]'],
  [{ const: { a: 1, b: 2 } }, { b: 2, a: 1 }, { a: 1 }, "", 'is not {"a":1,"b":2}'],
  [{ minimum: 1 }, 1, 0, "", "is below 1"],
  [{ maximum: 1 }, 1, 2, "", "is above 1"],
  [{ exclusiveMinimum: 1 }, 2, 1, "", "is not above 1"],
  [{ exclusiveMaximum: 1 }, 0, 1, "", "is not below 1"],
  [{ minLength: 2 }, "😀😀", "😀", "", "has not at least 2 characters"],
  [{ maxLength: 1 }, "😀", "ab", "", "has not at most 1 characters"],
  [{ pattern: "^a+$" }, "aa", "ab", "", 'does not match the pattern "^a+$"'],
  [{ minItems: 1 }, [1], [], "", "has not at least 1 items"],
  [{ maxItems: 1 }, [1], [1, 2], "", "has not at most 1 items"],
  [{ items: { type: "string" } }, ["a"], ["a", 1], "/1", "is not of type string"],
  [{ required: ["a"] }, { a: null }, { b: 1 }, "/a", "is missing"],
  [{ properties: { a: { properties: { "b/c": { minimum: 1 } } } } }, { a: { "b/c": 1 } }, { a: { "b/c": 0 } }, "/a/b~1c", "is below 1"],
  [{ properties: { a: true }, additionalProperties: false }, { a: 1 }, { a: 1, b: 2 }, "/b", "is not allowed"],
  [{ additionalProperties: { type: "number" } }, { a: 1 }, { a: "x" }, "/a", "is not of type number"],
  [{ required: ["__proto__"], properties: { constructor: { type: "string" } } }, JSON.parse('{"__proto__":1,"constructor":"x"}') as Json, {}, "/__proto__", "is missing"],
];

test.each(cases)("%j lets %j in and not %j", (document, accepted, refused, path, reason) => {
  const schema = new Schema(document);
  expect(schema.violation(accepted)).toBeUndefined();
  expect(schema.violation(refused)).toEqual({ path, reason });
});

test("a keyword says nothing about values of another kind, and a description nothing at all", () => {
  const schema = new Schema({ $schema: "https://json-schema.org/draft/2020-12/schema", title: "t", description: "d", $comment: "c", default: 1, examples: [], minimum: 1, minLength: 2, minItems: 3, required: ["a"], items: false, pattern: "x", properties: { a: false } });
  for (const value of [null, true, 1, "xx", [], { a: 1 }].slice(0, 4)) expect(schema.violation(value)).toBeUndefined();
  expect(new Schema(true).violation(null)).toBeUndefined();
});

test.each<[Json, string]>([
  [{ format: "email" }, 'the schema at its root: the keyword "format" is not supported'],
  [{ properties: { a: { anyOf: [] } } }, 'the schema at /properties/a: the keyword "anyOf" is not supported'],
  [{ toString: 1 }, '"toString" is not supported'],
  [{ type: "text" }, "the schema at /type: want null, boolean"], [{ type: [] }, "at /type"], [{ enum: [] }, "a value at least"], [{ minimum: "1" }, "want a number"], [{ maxLength: -1 }, "a whole number of at least 0"],
  [{ pattern: 1 }, "want a text"], [{ pattern: "(" }, "the pattern"], [{ required: [1] }, "a list of names"], [{ items: 1 }, "want an object, true or false"], [{ properties: [] }, "at /properties: want an object"], [1, "want an object"],
])("%j is refused when the rule is set, and named", (document, reason) => {
  expect(() => new Schema(document)).toThrow(reason);
});

test("a schema that is too deep is refused, and values that are deep or would take long to compare are checked in bounded time", () => {
  let deep: Json = true;
  for (let level = 0; level < 40; level += 1) deep = { items: deep };
  expect(() => new Schema(deep)).toThrow("more than 32 levels");
  const nested = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`) as Json;
  expect(new Schema({ items: { items: { type: "array" } }, enum: [[]] }).violation(nested)?.reason).toBe("is none of [[]]");
  const slow = new Schema({ items: { pattern: "^(a?){200}$" } });
  expect(slow.violation(Array.from({ length: 1_000 }, () => "a".repeat(200)))?.reason).toContain("is too long to be compared with the pattern");
});

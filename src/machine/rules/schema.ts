// JSON Schema (draft 2020-12), the part of it that can be checked in one pass and bounded time: docs/validation.md lists the keywords. A schema with any
// other keyword is refused when the rule is set: one that were ignored would let in what its author believes to be refused.

import { RaftctlError } from "../../base/errors.ts";
import { equalJson, isRecord, type Json, pointerText } from "./json.ts";
import { Pattern, type WorkBudget } from "./pattern.ts";

export interface SchemaViolation {
  /** JSON pointer of what is wrong; empty for the whole. */
  readonly path: string;
  readonly reason: string;
}

type Check = (value: Json, path: readonly (string | number)[], budget: WorkBudget) => SchemaViolation | undefined;

const depthMax = 32;
/** Steps of patterns for one value: some ten milliseconds. */
const workMax = 1_000_000;
const types = ["null", "boolean", "object", "array", "number", "string", "integer"] as const;
type TypeName = (typeof types)[number];

export class Schema {
  readonly #check: Check;

  /** @throws INVALID_ARGUMENT that names the keyword and where it stands */
  constructor(document: Json) {
    this.#check = compile(document, []);
  }

  violation(value: Json): SchemaViolation | undefined {
    return this.#check(value, [], { left: workMax });
  }
}

const keywords: Readonly<Record<string, (wanted: Json, at: Place) => Check | undefined>> = {
  type: typeCheck,
  enum: (wanted, at) => {
    if (!Array.isArray(wanted) || wanted.length === 0) throw at.refusal("want a list with a value at least");
    return asserted((value) => wanted.some((one) => equalJson(one as Json, value)), `is none of ${brief(wanted as Json)}`);
  },
  const: (wanted) => asserted((value) => equalJson(wanted, value), `is not ${brief(wanted)}`),
  minimum: (wanted, at) => onNumber(at.number(wanted), (value, bound) => value >= bound, "is below"),
  maximum: (wanted, at) => onNumber(at.number(wanted), (value, bound) => value <= bound, "is above"),
  exclusiveMinimum: (wanted, at) => onNumber(at.number(wanted), (value, bound) => value > bound, "is not above"),
  exclusiveMaximum: (wanted, at) => onNumber(at.number(wanted), (value, bound) => value < bound, "is not below"),
  minLength: (wanted, at) => onString(at.count(wanted), (length, bound) => length >= bound, "at least"),
  maxLength: (wanted, at) => onString(at.count(wanted), (length, bound) => length <= bound, "at most"),
  pattern: patternCheck,
  minItems: (wanted, at) => onArray(at.count(wanted), (length, bound) => length >= bound, "at least"),
  maxItems: (wanted, at) => onArray(at.count(wanted), (length, bound) => length <= bound, "at most"),
  items: itemsCheck,
  required: requiredCheck,
  // Together with properties, which it depends on.
  additionalProperties: () => undefined,
  properties: () => undefined,
  // These describe and do not ask for anything.
  $schema: () => undefined, $comment: () => undefined, title: () => undefined, description: () => undefined, default: () => undefined, examples: () => undefined,
};

/** Where in the schema a keyword stands. */
class Place {
  readonly path: readonly string[];

  constructor(path: readonly string[]) {
    this.path = path;
  }

  refusal(what: string): RaftctlError {
    return new RaftctlError("INVALID_ARGUMENT", `the schema at ${pointerText(this.path) || "its root"}: ${what}`, { hint: "docs/validation.md lists the keywords that are supported" });
  }

  number(wanted: Json): number {
    if (typeof wanted !== "number") throw this.refusal("want a number");
    return wanted;
  }

  count(wanted: Json): number {
    if (typeof wanted !== "number" || !Number.isSafeInteger(wanted) || wanted < 0) throw this.refusal("want a whole number of at least 0");
    return wanted;
  }
}

function compile(schema: Json, path: readonly string[]): Check {
  const at = new Place(path);
  if (path.length > depthMax) throw at.refusal(`more than ${depthMax} levels`);
  if (schema === true) return () => undefined;
  if (schema === false) return asserted(() => false, "is not allowed");
  if (!isRecord(schema)) throw at.refusal("want an object, true or false");
  const checks: Check[] = [];
  for (const [keyword, wanted] of Object.entries(schema)) {
    const compiler = Object.hasOwn(keywords, keyword) ? keywords[keyword] : undefined;
    if (compiler === undefined) throw at.refusal(`the keyword ${JSON.stringify(keyword)} is not supported`);
    const check = compiler(wanted, new Place([...path, keyword]));
    if (check !== undefined) checks.push(check);
  }
  const members = membersCheck(schema, path);
  if (members !== undefined) checks.push(members);
  return firstOf(checks);
}

function firstOf(checks: readonly Check[]): Check {
  return (value, path, budget) => {
    for (const check of checks) {
      const violation = check(value, path, budget);
      if (violation !== undefined) return violation;
    }
    return undefined;
  };
}

function asserted(holds: (value: Json) => boolean, reason: string): Check {
  return (value, path) => (holds(value) ? undefined : { path: pointerText(path), reason });
}

function typeCheck(wanted: Json, at: Place): Check {
  const names = Array.isArray(wanted) ? (wanted as readonly Json[]) : [wanted];
  const known = names.filter((name): name is TypeName => types.some((type) => type === name));
  if (known.length !== names.length || known.length === 0) throw at.refusal(`want ${types.join(", ")}, or a list of them`);
  return asserted((value) => known.some((name) => hasType(value, name)), `is not of type ${known.join(" or ")}`);
}

function hasType(value: Json, type: TypeName): boolean {
  switch (type) {
    case "null": return value === null;
    case "array": return Array.isArray(value);
    case "object": return isRecord(value);
    case "integer": return Number.isInteger(value);
    default: return typeof value === type;
  }
}

function onNumber(bound: number, holds: (value: number, bound: number) => boolean, words: string): Check {
  return asserted((value) => typeof value !== "number" || holds(value, bound), `${words} ${bound}`);
}

/** A length is counted in code points. */
function onString(bound: number, holds: (length: number, bound: number) => boolean, words: string): Check {
  return asserted((value) => typeof value !== "string" || holds(codePointCount(value), bound), `has not ${words} ${bound} characters`);
}

function onArray(bound: number, holds: (length: number, bound: number) => boolean, words: string): Check {
  return asserted((value) => !Array.isArray(value) || holds(value.length, bound), `has not ${words} ${bound} items`);
}

function patternCheck(wanted: Json, at: Place): Check {
  if (typeof wanted !== "string") throw at.refusal("want a text");
  const pattern = new Pattern(wanted);
  return (value, path, budget) => {
    if (typeof value !== "string") return undefined;
    const isMatch = pattern.matches(value, budget);
    if (isMatch === true) return undefined;
    const reason = isMatch === undefined ? `is too long to be compared with the pattern ${JSON.stringify(wanted)}` : `does not match the pattern ${JSON.stringify(wanted)}`;
    return { path: pointerText(path), reason };
  };
}

function itemsCheck(wanted: Json, at: Place): Check {
  const check = compile(wanted, at.path);
  return (value, path, budget) => {
    if (!Array.isArray(value)) return undefined;
    for (const [place, item] of value.entries()) {
      const violation = check(item as Json, [...path, place], budget);
      if (violation !== undefined) return violation;
    }
    return undefined;
  };
}

function requiredCheck(wanted: Json, at: Place): Check {
  if (!Array.isArray(wanted) || !wanted.every((name) => typeof name === "string")) throw at.refusal("want a list of names");
  const names = wanted as readonly string[];
  return (value, path) => {
    const missing = isRecord(value) ? names.find((name) => !Object.hasOwn(value, name)) : undefined;
    return missing === undefined ? undefined : { path: pointerText([...path, missing]), reason: "is missing" };
  };
}

function membersCheck(schema: { readonly [name: string]: Json }, path: readonly string[]): Check | undefined {
  const properties = Object.hasOwn(schema, "properties") ? schema["properties"]! : {};
  if (!isRecord(properties)) throw new Place([...path, "properties"]).refusal("want an object");
  const known = new Map(Object.entries(properties).map(([name, member]) => [name, compile(member, [...path, "properties", name])]));
  const others = Object.hasOwn(schema, "additionalProperties") ? compile(schema["additionalProperties"]!, [...path, "additionalProperties"]) : undefined;
  if (known.size === 0 && others === undefined) return undefined;
  return (value, at, budget) => {
    if (!isRecord(value)) return undefined;
    for (const [name, member] of Object.entries(value)) {
      const violation = (known.get(name) ?? others)?.(member, [...at, name], budget);
      if (violation !== undefined) return violation;
    }
    return undefined;
  };
}

function codePointCount(text: string): number {
  let surrogatePairs = 0;
  for (let place = 0; place < text.length - 1; place += 1) {
    if (text.codePointAt(place)! > 0xffff) {
      surrogatePairs += 1;
      place += 1;
    }
  }
  return text.length - surrogatePairs;
}

function brief(value: Json): string {
  const text = JSON.stringify(value);
  return text.length <= 200 ? text : `${text.slice(0, 199)}…`;
}

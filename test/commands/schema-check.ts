// Whether a value fits a JSON Schema, for the keywords that the generator of our schemas writes; any other keyword is an error, so that nothing is
// taken as checked that was not looked at.

import type { JsonSchema } from "../../tools/schemas/type-reader.ts";

const keywords = new Set([
  "$schema", "$id", "$defs", "$ref", "title", "description", "type", "const", "enum", "anyOf", "properties", "required", "additionalProperties", "items", "prefixItems", "minItems",
]);

/** What is wrong, each with the place in the value; empty when it fits. */
export function violations(value: unknown, schema: JsonSchema): string[] {
  return new Check(schema.$defs ?? {}).at(value, schema, "$");
}

class Check {
  readonly #definitions: Readonly<Record<string, JsonSchema>>;

  constructor(definitions: Readonly<Record<string, JsonSchema>>) {
    this.#definitions = definitions;
  }

  at(value: unknown, schema: JsonSchema, place: string): string[] {
    const unknown = Object.keys(schema).filter((keyword) => !keywords.has(keyword));
    if (unknown.length > 0) throw new Error(`keywords that this check does not know: ${unknown.join(", ")}`);
    const wrong = [...this.#reference(value, schema, place), ...this.#alternatives(value, schema, place)];
    const types = typeof schema.type === "string" ? [schema.type] : schema.type;
    if (types !== undefined && !types.includes(typeOf(value))) wrong.push(`${place}: ${JSON.stringify(value)} is not of type ${types.join(" or ")}`);
    if ("const" in schema && value !== schema.const) wrong.push(`${place}: ${JSON.stringify(value)} is not ${JSON.stringify(schema.const)}`);
    if (schema.enum !== undefined && !schema.enum.includes(value)) wrong.push(`${place}: ${JSON.stringify(value)} is none of ${schema.enum.join(", ")}`);
    if (Array.isArray(value)) wrong.push(...this.#array(value, schema, place));
    else if (typeof value === "object" && value !== null) wrong.push(...this.#object(value as Record<string, unknown>, schema, place));
    return wrong;
  }

  #reference(value: unknown, { $ref }: JsonSchema, place: string): string[] {
    if ($ref === undefined) return [];
    const definition = this.#definitions[$ref.replace("#/$defs/", "")];
    if (definition === undefined) throw new Error(`nothing is defined as ${$ref}`);
    return this.at(value, definition, place);
  }

  /** When none fits, what is wrong with the nearest. */
  #alternatives(value: unknown, { anyOf }: JsonSchema, place: string): string[] {
    const tried = (anyOf ?? []).map((option) => this.at(value, option, place));
    if (tried.some((wrong) => wrong.length === 0)) return [];
    return tried.toSorted((left, right) => left.length - right.length)[0] ?? [];
  }

  #array(values: readonly unknown[], { items, prefixItems = [], minItems = 0 }: JsonSchema, place: string): string[] {
    const wrong = values.length < minItems ? [`${place}: ${values.length} elements instead of ${minItems}`] : [];
    values.forEach((value, index) => {
      const schema = prefixItems[index] ?? items;
      if (schema === false) wrong.push(`${place}[${index}]: is one too many`);
      else if (schema !== undefined) wrong.push(...this.at(value, schema, `${place}[${index}]`));
    });
    return wrong;
  }

  #object(value: Readonly<Record<string, unknown>>, { properties = {}, required = [], additionalProperties = true }: JsonSchema, place: string): string[] {
    const wrong = required.filter((name) => !Object.hasOwn(value, name)).map((name) => `${place}.${name}: is missing`);
    for (const [name, held] of Object.entries(value)) {
      const schema = Object.hasOwn(properties, name) ? properties[name]! : additionalProperties;
      if (schema === false) wrong.push(`${place}.${name}: is not in the schema`);
      else if (schema !== true) wrong.push(...this.at(held, schema, `${place}.${name}`));
    }
    return wrong;
  }
}

function typeOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}

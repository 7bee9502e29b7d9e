// Reads a TypeScript type through the compiler's own checker and says as JSON Schema (draft 2020-12) what JSON.stringify makes of its values. Closed:
// an object has the properties of its type and no others. A type that JSON cannot carry (a function, a bigint, bytes) is an error here.

import { isIntersectionType, isLiteralType, isTemplateLiteralType, isTypeReference, isUnionType, SignatureKind, SymbolFlags, TypeFlags } from "typescript/unstable/sync";
import type { Checker, InterfaceType, Symbol, TupleType, Type, TypeReference } from "typescript/unstable/sync";

export interface JsonSchema {
  readonly $schema?: string;
  readonly $id?: string;
  readonly title?: string;
  readonly description?: string;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema | false;
  readonly prefixItems?: readonly JsonSchema[];
  readonly minItems?: number;
}

/** The properties of an object, and which of them are always there. */
export interface Members {
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly required: readonly string[];
}

const primitives: readonly [TypeFlags, JsonSchema][] = [
  [TypeFlags.Any | TypeFlags.Unknown, {}],
  [TypeFlags.String, { type: "string" }],
  [TypeFlags.Number, { type: "number" }],
  [TypeFlags.Boolean, { type: "boolean" }],
  [TypeFlags.Null, { type: "null" }],
];

export class TypeReader {
  readonly #checker: Checker;
  /** Types with a name of our own, by that name. */
  readonly #named = new Map<string, { readonly type: Type; schema: JsonSchema }>();

  constructor(checker: Checker) {
    this.#checker = checker;
  }

  /** What the schemas that were read refer to. */
  get definitions(): Record<string, JsonSchema> {
    return Object.fromEntries([...this.#named].map(([name, { schema }]) => [name, schema]));
  }

  schemaOf(type: Type): JsonSchema {
    const primitive = primitives.find(([flags]) => (type.flags & flags) !== 0);
    if (primitive !== undefined) return primitive[1];
    if (isLiteralType(type)) return { const: type.value };
    if (isTemplateLiteralType(type)) return { type: "string" };
    if (isUnionType(type)) return this.#union(type.getTypes());
    if (this.#checker.isArrayType(type)) return { type: "array", items: this.schemaOf(this.#checker.getTypeArguments(type as TypeReference)[0]!) };
    if (this.#checker.isTupleType(type)) return this.#tuple(type);
    const branded = isIntersectionType(type) ? type.getTypes().find((part) => (part.flags & (TypeFlags.String | TypeFlags.Number)) !== 0) : undefined;
    return branded === undefined ? this.#object(type) : this.schemaOf(branded);
  }

  /** The properties of an object type, also of one that has a name. `undefined` is no value in JSON: the property is not there. */
  properties(type: Type): Members {
    const properties: Record<string, JsonSchema> = {};
    const required: string[] = [];
    for (const symbol of this.#checker.getPropertiesOfType(type)) {
      const value = this.#checker.getTypeOfSymbol(symbol)!;
      properties[symbol.name] = { ...described(symbol.getDocumentationComment(this.#checker)), ...this.schemaOf(value) };
      if (!this.#mayBeAbsent(symbol, value)) required.push(symbol.name);
    }
    return { properties, required };
  }

  #mayBeAbsent(symbol: Symbol, value: Type): boolean {
    return (symbol.flags & SymbolFlags.Optional) !== 0 || (isUnionType(value) && value.getTypes().some(isUndefined));
  }

  #union(types: readonly Type[]): JsonSchema {
    const parts = types.filter((type) => !isUndefined(type));
    const schemas = withoutRepetition(parts.map((part) => this.schemaOf(part)));
    const literals = schemas.flatMap((schema) => ("const" in schema ? [schema.const] : []));
    const simple = schemas.flatMap((schema) => (Object.keys(schema).join() === "type" ? [schema.type as string] : []));
    const others = schemas.filter((schema) => !("const" in schema) && Object.keys(schema).join() !== "type");
    const boolean = literals.includes(true) && literals.includes(false);
    const constants = boolean ? literals.filter((literal) => typeof literal !== "boolean") : literals;
    if (boolean) simple.push("boolean");
    const options = [
      ...(constants.length === 0 ? [] : [constants.length === 1 ? { const: constants[0] } : { enum: constants }]),
      ...(simple.length === 0 ? [] : [{ type: simple.length === 1 ? simple[0]! : simple }]),
      ...others,
    ];
    return options.length === 1 ? options[0]! : { anyOf: options };
  }

  #tuple(type: Type): JsonSchema {
    const parts = this.#checker.getTypeArguments(type as TypeReference);
    const { fixedLength } = (type as TypeReference).getTarget() as TupleType;
    if (fixedLength !== parts.length) throw new Error(`a tuple of an open length has no schema: ${this.#checker.typeToString(type)}`);
    return { type: "array", prefixItems: parts.map((part) => this.schemaOf(part)), items: false, minItems: fixedLength };
  }

  #object(type: Type): JsonSchema {
    const name = this.#nameOf(type);
    if (name === undefined) return this.#members(type);
    if (!this.#named.has(name)) {
      const definition = { type, schema: {} };
      this.#named.set(name, definition);
      definition.schema = { ...described(type.getSymbol()?.getDocumentationComment(this.#checker) ?? ""), ...this.#members(type) };
    }
    return { $ref: `#/$defs/${name}` };
  }

  /** Of an interface or alias without parameters; two of the same name are told apart by a number. */
  #nameOf(type: Type): string | undefined {
    const alias = type.getAliasSymbol();
    const name = alias === undefined ? type.getSymbol()?.name : type.getAliasTypeArguments().length === 0 ? alias.name : undefined;
    if (name === undefined || name.startsWith("__") || (alias === undefined && isTypeReference(type) && (type.getTarget() as InterfaceType).getLocalTypeParameters().length > 0)) return undefined;
    for (let count = 1; ; count += 1) {
      const numbered = count === 1 ? name : `${name}${count}`;
      const known = this.#named.get(numbered);
      if (known === undefined || known.type.id === type.id) return numbered;
    }
  }

  #members(type: Type): JsonSchema {
    this.#demandPlain(type);
    const [index] = this.#checker.getIndexInfosOfType(type);
    const { properties, required } = this.properties(type);
    return {
      type: "object",
      ...(Object.keys(properties).length > 0 && { properties }),
      ...(required.length > 0 && { required }),
      additionalProperties: index === undefined ? false : this.schemaOf(index.valueType),
    };
  }

  /** No function, and nothing of the language's own library, such as a Map or a Uint8Array. */
  #demandPlain(type: Type): void {
    const symbol = type.getSymbol();
    const ofLibrary = symbol !== undefined && !symbol.name.startsWith("__") && symbol.declarations.some(({ path }) => path.includes("/node_modules/") || path.startsWith("bundled:"));
    const isObject = (type.flags & (TypeFlags.Object | TypeFlags.Intersection)) !== 0;
    if (!isObject || ofLibrary || this.#checker.getSignaturesOfType(type, SignatureKind.Call).length > 0) {
      throw new Error(`JSON does not carry a ${this.#checker.typeToString(type)}`);
    }
  }
}

function described(text: string): { description?: string } {
  return text === "" ? {} : { description: text.replace(/\s+/g, " ").trim() };
}

function isUndefined(type: Type): boolean {
  return (type.flags & (TypeFlags.Undefined | TypeFlags.Void)) !== 0;
}

function withoutRepetition(schemas: readonly JsonSchema[]): JsonSchema[] {
  return [...new Map(schemas.map((schema) => [JSON.stringify(schema), schema])).values()];
}

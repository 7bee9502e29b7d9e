// What the generator of the schemas makes of a type, on types of its own.

import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { API } from "typescript/unstable/sync";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TypeReader, type JsonSchema } from "../../tools/schemas/type-reader.ts";
import { violations } from "./schema-check.ts";

const source = `
declare const brand: unique symbol;
export type Id = string & { readonly [brand]: "Id" };
export type Mode = "a" | "b" | null;
export interface Base {
  /** What it is called. */
  name: string;
  note?: string; late: string | undefined }
export interface Tree extends Omit<Base, "late"> { id: Id; mode: Mode; on: boolean; maybe: boolean | null; count: number | string; children: readonly Tree[] }
export interface Maps { byName: Readonly<Record<string, number>>; fixed: Record<"x" | "y", string>; pair: [string, number]; any: unknown; text: \`v\${number}\` }
export type Either = { kind: "one"; one: number } | { kind: "two"; two: Base };
export namespace Other { export interface Base { other: true } }
export interface Both { first: Base; second: Other.Base }
export interface WithBytes { bytes: Uint8Array }
export interface WithMap { map: Map<string, string> }
export interface WithCall { call(): void }
export interface WithBigint { big: bigint }
`;

const directory = realpathSync(mkdtempSync(join(tmpdir(), "raftctl-types-")));
let read: (name: string) => JsonSchema;
let close: () => void;

beforeAll(() => {
  writeFileSync(join(directory, "types.ts"), source);
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions: { strict: true, target: "es2024", types: [], noEmit: true }, files: ["types.ts"] }));
  const api = new API({ cwd: directory });
  const { checker, program } = api.updateSnapshot({ openProjects: [join(directory, "tsconfig.json")] }).getProjects()[0]!;
  const module = checker.getSymbolAtLocation(program.getSourceFile(join(directory, "types.ts"))!)!;
  read = (name) => {
    const reader = new TypeReader(checker);
    const schema = reader.schemaOf(checker.getDeclaredTypeOfSymbol(checker.getMemberInModuleExports(module, name)!));
    return { ...schema, $defs: reader.definitions };
  };
  close = () => api.close();
});
afterAll(() => {
  close();
  rmSync(directory, { recursive: true, force: true });
});

const base: JsonSchema = {
  type: "object", properties: { name: { type: "string", description: "What it is called." }, note: { type: "string" }, late: { type: "string" } }, required: ["name"], additionalProperties: false,
};

test("what may be undefined is not required, comments become descriptions, objects are closed", () => {
  expect(read("Base")).toEqual({ $ref: "#/$defs/Base", $defs: { Base: base } });
});

test("inherited and chosen properties, brands, literals, null, and a type that holds itself", () => {
  expect(read("Tree").$defs!["Tree"]).toEqual({
    type: "object", additionalProperties: false, required: ["id", "mode", "on", "maybe", "count", "children", "name"],
    properties: {
      id: { type: "string" }, mode: { anyOf: [{ enum: ["a", "b"] }, { type: "null" }] }, on: { type: "boolean" }, maybe: { type: ["null", "boolean"] }, count: { type: ["string", "number"] },
      children: { type: "array", items: { $ref: "#/$defs/Tree" } }, name: base.properties!["name"], note: { type: "string" },
    },
  });
});

test("records, tuples, template texts and what may be anything", () => {
  const maps = read("Maps");
  expect(violations({ byName: { a: 1 }, fixed: { x: "1", y: "2" }, pair: ["a", 1], any: [{}], text: "v1" }, maps)).toEqual([]);
  expect(violations({ byName: { a: "1" }, fixed: { x: "1" }, pair: ["a"], any: null, text: 1 }, maps)).toEqual([
    '$.byName.a: "1" is not of type number', "$.fixed.y: is missing", "$.pair: 1 elements instead of 2", "$.text: 1 is not of type string",
  ]);
});

test("alternatives are kept apart, and two types of one name are two", () => {
  const either = read("Either");
  expect(violations({ kind: "one", one: 1 }, either)).toEqual([]);
  expect(violations({ kind: "two", one: 1 }, either)).not.toEqual([]);
  expect(read("Both").$defs).toMatchObject({ Base: base, Base2: { properties: { other: { const: true } } } });
});

test.each([["WithBytes", "Uint8Array"], ["WithMap", "Map<string, string>"], ["WithCall", "() => void"], ["WithBigint", "bigint"]])("%s: what JSON does not carry has no schema", (name, told) => {
  expect(() => read(name)).toThrow(`JSON does not carry a ${told}`);
});

// The documents of --json are an interface as the flags are: schemas/ is what was agreed, generated from the documents' types. A change fails here until
// it is made on purpose with  RAFTCTL_WRITE_SURFACE=1 npx vitest run --project unit test/commands/surface.test.ts test/commands/schemas.test.ts

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { listSchemas } from "../../src/cli/schemas.ts";
import { generateSchemas } from "../../tools/schemas/command-schemas.ts";
import type { JsonSchema } from "../../tools/schemas/type-reader.ts";
import { checkJsonOutput, schemasFolder } from "./json-output.ts";
import { raftctl } from "./run-raftctl.ts";

const remedy = `A change of what --json prints. When it is meant: RAFTCTL_WRITE_SURFACE=1 npx vitest run --project unit test/commands/schemas.test.ts
When a reader of the old document may trip over the new one (a field that is gone, renamed, of another type or no longer always there), the command
also needs another version: static override schemaVersion = 2`;

let generated: ReadonlyMap<string, JsonSchema>;

beforeAll(async () => {
  generated = await generateSchemas();
  if (!process.env["RAFTCTL_WRITE_SURFACE"]) return;
  rmSync(schemasFolder, { recursive: true, force: true });
  mkdirSync(schemasFolder);
  for (const [file, schema] of generated) writeFileSync(join(schemasFolder, file), `${JSON.stringify(schema, undefined, 2)}\n`);
});

const committed = (file: string): JsonSchema => JSON.parse(readFileSync(join(schemasFolder, file), "utf8")) as JsonSchema;

test("no document of any command changes unnoticed", () => {
  expect(readdirSync(schemasFolder).toSorted(), remedy).toEqual([...generated.keys()].toSorted());
  for (const [file, schema] of generated) expect(committed(file), `schemas/${file}\n${remedy}`).toEqual(schema);
});

test("every object in every schema is closed, unless its keys are data", () => {
  const open: string[] = [];
  const look = (schema: unknown, place: string): void => {
    if (typeof schema !== "object" || schema === null) return;
    const { type, additionalProperties } = schema as JsonSchema;
    if (type === "object" && additionalProperties === undefined) open.push(place);
    for (const [key, inner] of Object.entries(schema)) look(inner, `${place}.${key}`);
  };
  for (const [file, schema] of generated) look(schema, file);
  expect(open).toEqual([]);
});

test("schema lists every command with the name of its schema, and prints each one", async () => {
  const { json } = await raftctl(["schema", "--json"]);
  const { commands } = json.result as { commands: { command: string; schema: string }[] };
  expect(commands.map(({ command }) => `${command.replaceAll(" ", "-")}.json`).toSorted()).toEqual([...generated.keys()].toSorted());
  for (const { command, schema } of commands) expect(committed(`${command.replaceAll(" ", "-")}.json`).$id, command).toBe(schema);
  expect((await raftctl(["schema"])).stdout).toMatch(/^member list +raftctl\.member-list\/v1$/m);
  const printed = await raftctl(["schema", "member", "list"]);
  expect(JSON.parse(printed.stdout)).toEqual(committed("member-list.json"));
  expect((await raftctl(["schema", "snapshot", "--json"])).json.result).toEqual({ command: "snapshot", jsonSchema: committed("snapshot.json") });
});

test("a command says itself which version its document has; hidden ones and those without --json have none", () => {
  const flags = { json: { name: "json", type: "boolean" as const, allowNo: false } };
  const commands = [{ id: "put", hidden: false, flags, schemaVersion: 2 }, { id: "member:list", hidden: false, flags }, { id: "inner", hidden: true, flags }, { id: "help", hidden: false, flags: {} }];
  expect(listSchemas(commands)).toEqual({ commands: [{ command: "member list", schema: "raftctl.member-list/v1" }, { command: "put", schema: "raftctl.put/v2" }] });
});

test("schema of a command that does not exist is a usage error with the nearest one", async () => {
  const [typed, topic] = await Promise.all([raftctl(["schema", "memer", "list", "--json"]), raftctl(["schema", "leader"])]);
  expect([typed.code, typed.json.error?.code, typed.json.error?.hint]).toEqual([2, "USAGE", "did you mean raftctl schema member list?"]);
  expect([topic.code, topic.stdout]).toEqual([2, ""]);
  expect(topic.stderr).toContain("raftctl schema leader show");
});

test("a document that the schema does not know is found by whichever test prints it", () => {
  const put = { ok: true, schema: "raftctl.put/v1", header: {}, result: { key: "k", version: "1", index: "2", term: "1", response: "applied" }, warnings: [] };
  const failed = { ok: false, schema: "raftctl.error/v1", error: { code: "NO_LEADER", exit: 5, message: "none", retryable: true, details: { missing: ["n1"] } } };
  const line = (document: unknown): string => `${JSON.stringify(document)}\n`;
  checkJsonOutput(["-e", "h:1", "put", "k", "v", "--json"], line(put));
  checkJsonOutput(["put", "k", "--json"], line(failed));
  checkJsonOutput(["no", "such", "--json"], line(failed));
  checkJsonOutput(["status", "--watch", "1s", "--json"], '{"ok":tr');
  checkJsonOutput(["lab", "run", "--", "put", "--json"], "anything\n");
  expect(() => checkJsonOutput(["put", "k", "v", "--json"], line({ ...put, result: { ...put.result, extra: 1 } }))).toThrow("$.result.extra: is not in the schema");
  expect(() => checkJsonOutput(["get", "k", "--json"], line(put))).toThrow("raftctl get k --json: not as schemas/get.json says");
  expect(() => checkJsonOutput(["put", "k", "--json"], line({ ...failed, hint: "x" }))).toThrow("$.hint: is not in the schema");
  expect(() => checkJsonOutput(["put", "k", "--json"], "OK 7\n")).toThrow(SyntaxError);
});

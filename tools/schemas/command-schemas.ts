// The JSON Schema of what each command prints with --json, read from the type that its `run` returns and from the envelope's types: the types are the
// one truth. A command that prints lines says with the type of its `line` what they hold.

import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { API, SignatureKind } from "typescript/unstable/sync";
import type { Checker, Project, Type, TypeReference } from "typescript/unstable/sync";
import { errorSchema, schemaFile, schemaName } from "../../src/cli/envelope.ts";
import { TypeReader, type JsonSchema, type Members } from "./type-reader.ts";

const root = resolve(import.meta.dirname, "../..");
const draft = "https://json-schema.org/draft/2020-12/schema";

interface CommandClass {
  readonly summary: string;
  readonly hidden?: boolean;
  readonly schemaVersion?: number;
}

/** Every schema by the name of its file below schemas/. */
export async function generateSchemas(): Promise<Map<string, JsonSchema>> {
  const api = new API({ cwd: root });
  try {
    const project = api.updateSnapshot({ openProjects: [join(root, "tsconfig.build.json")] }).getProjects()[0]!;
    const schemas = new Map<string, JsonSchema>();
    for (const file of commandFiles()) {
      const { default: command } = await import(pathToFileURL(join(root, file)).href) as { default: CommandClass };
      const id = file.slice("src/commands/".length, -".ts".length).replace(/\/index$/, "").replaceAll("/", ":");
      if (command.hidden !== true) schemas.set(schemaFile(id), commandSchema(project, { file, id, command }));
    }
    return schemas;
  } finally {
    api.close();
  }
}

function commandFiles(): string[] {
  return readdirSync(join(root, "src/commands"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts")).map((path) => `src/commands/${path.replaceAll("\\", "/")}`).toSorted();
}

function commandSchema({ checker, program }: Project, { file, id, command }: { file: string; id: string; command: CommandClass }): JsonSchema {
  const reader = new TypeReader(checker);
  const exported = (path: string, name: string): Type =>
    checker.getDeclaredTypeOfSymbol(checker.getMemberInModuleExports(checker.getSymbolAtLocation(program.getSourceFile(join(root, path))!)!, name)!);
  const envelope = (name: string): Members => reader.properties(exported("src/cli/envelope.ts", name));
  const result = resultSchema(reader, checker, exported(file, "default"));
  const name = schemaName(id, command.schemaVersion);
  const failure = envelope("FailureEnvelope");
  const { result: _result, ...failed } = failure.properties;
  const success = envelope("SuccessEnvelope");
  const variants: JsonSchema[] = [
    { title: "done", ...success, properties: { ...success.properties, schema: { const: name }, result } },
    { title: "done, and what was found is bad", properties: { ...failed, schema: { const: name }, result }, required: [...failure.required, "result"] },
    { title: "not done", properties: { ...failed, schema: { const: errorSchema } }, required: failure.required },
  ];
  return {
    $schema: draft, $id: name, title: `raftctl ${id.replaceAll(":", " ")} --json`, description: command.summary,
    anyOf: variants.map((variant) => ({ type: "object", ...variant, additionalProperties: false })),
    $defs: reader.definitions,
  };
}

/** What `run` returns, or one of the lines that are printed before. */
function resultSchema(reader: TypeReader, checker: Checker, command: Type): JsonSchema {
  const signature = (method: string) => checker.getSignaturesOfType(checker.getTypeOfSymbol(checker.getPropertyOfType(command, method)!)!, SignatureKind.Call)[0]!;
  const [returned] = checker.getTypeArguments(checker.getReturnTypeOfSignature(signature("run")) as TypeReference);
  const line = checker.getParameterType(signature("line"), 0)!;
  const schemas = [line, returned!].filter((type) => type.id !== checker.getNeverType().id).map((type) => reader.schemaOf(type));
  const [only, ...more] = [...new Map(schemas.map((schema) => [JSON.stringify(schema), schema])).values()];
  return more.length === 0 ? only! : { anyOf: [only!, ...more] };
}

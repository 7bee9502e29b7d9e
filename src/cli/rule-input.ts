// A rule as `rules set` and `rules check` take it: a JSON file, or put together from flags. Only its form is checked here; what it asks for, the daemon judges.

import * as Flags from "@oclif/core/flags";
import { utf8Text } from "../base/bytes.ts";
import { RaftctlError } from "../base/errors.ts";
import { countFlag, sizeFlag } from "./flags.ts";
import { readValue } from "./input.ts";

const parts = ["schema", "unique", "max-value-bytes", "max-key-bytes", "immutable"];

export const ruleFlags = {
  file: Flags.string({ helpValue: "<file>", description: "the rule as JSON, as rules show prints it", exclusive: ["stdin", ...parts] }),
  stdin: Flags.boolean({ description: "the rule as JSON, from the standard input", exclusive: parts }),
  schema: Flags.string({ helpValue: "<file>", description: "values must match this JSON Schema (docs/validation.md lists the keywords)" }),
  unique: Flags.string({ helpValue: "<pointer>", multiple: true, multipleNonGreedy: true, description: "a value at this JSON pointer, such as /email, occurs once under the prefix" }),
  "max-value-bytes": sizeFlag({ description: "values have at most so many bytes" }),
  "max-key-bytes": countFlag({ description: "keys have at most so many bytes" }),
  immutable: Flags.boolean({ description: "keys can be made and deleted, not changed" }),
};

export interface RuleFlags {
  readonly file: string | undefined;
  readonly stdin: boolean;
  readonly schema: string | undefined;
  readonly unique: string[] | undefined;
  readonly "max-value-bytes": number | undefined;
  readonly "max-key-bytes": number | undefined;
  readonly immutable: boolean;
}

/** As JSON text; undefined when no flag says anything of one. @throws USAGE when a file is for another prefix */
export async function ruleText(prefix: string, flags: RuleFlags): Promise<string | undefined> {
  const isDocument = flags.file !== undefined || flags.stdin;
  const rule = isDocument ? await documentOf(prefix, flags) : await partsOf(flags);
  return Object.keys(rule).length === 0 ? undefined : JSON.stringify({ ...rule, prefix });
}

async function documentOf(prefix: string, { file, stdin }: RuleFlags): Promise<object> {
  const value = await readJson({ file, stdin });
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new RaftctlError("INVALID_ARGUMENT", "the rule is no JSON object");
  const named = (value as { prefix?: unknown }).prefix;
  if (named !== undefined && named !== prefix) throw new RaftctlError("USAGE", `the rule in the file is for ${JSON.stringify(named)}, not for ${JSON.stringify(prefix)}`);
  return { ...value, prefix };
}

async function partsOf(flags: RuleFlags): Promise<object> {
  return {
    ...(flags["max-key-bytes"] !== undefined && { maxKeyBytes: flags["max-key-bytes"] }),
    ...(flags["max-value-bytes"] !== undefined && { maxValueBytes: flags["max-value-bytes"] }),
    ...(flags.schema !== undefined && { schema: await readJson({ file: flags.schema, stdin: false }) }),
    ...(flags.unique !== undefined && { unique: flags.unique }),
    ...(flags.immutable && { immutable: true }),
  };
}

async function readJson({ file, stdin }: { readonly file: string | undefined; readonly stdin: boolean }): Promise<unknown> {
  const bytes = await readValue({ argument: undefined, file, stdin }, "json");
  return JSON.parse(utf8Text(bytes) ?? "") as unknown;
}

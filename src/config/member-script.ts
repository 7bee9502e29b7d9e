// A script of membership changes for `member plan`: JSON or YAML, a list of changes one after the other.

import { readFile } from "node:fs/promises";
import * as v from "valibot";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";

const names = v.optional(v.pipe(v.array(v.pipe(v.string(), v.minLength(1))), v.maxLength(64)), []);
const script = v.pipe(v.array(v.strictObject({ add: names, promote: names, demote: names, remove: names })), v.minLength(1), v.maxLength(64));

export type MemberScript = v.InferOutput<typeof script>;

/** @throws NOT_FOUND, USAGE */
export async function readMemberScript(file: string): Promise<MemberScript> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw new RaftctlError("NOT_FOUND", `${file} cannot be read: ${toRaftctlError(error).message}`);
  });
  const parsed = v.safeParse(script, await parseText(file, text));
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  throw new RaftctlError("USAGE", `${file}: ${v.getDotPath(issue) ?? "the script"}: ${issue.message}`, { hint: "a list of changes, each with add, promote, demote or remove: lists of names" });
}

/** JSON is YAML. */
async function parseText(file: string, text: string): Promise<unknown> {
  const { defaultLoaders } = await import("cosmiconfig");
  try {
    return defaultLoaders[".yaml"](file, text) as unknown;
  } catch (error) {
    throw new RaftctlError("USAGE", `${file} is neither JSON nor YAML: ${toRaftctlError(error).message.split("\n")[0]}`);
  }
}

// Named contexts: which node or cluster a command is about. Kept in contexts.json of the user's configuration folder:
//   { "current": "prod", "contexts": { "prod": { "endpoint": ["10.0.0.1:7400"], "region": "global" } } }
// A context holds no secret itself; it may name the file that does.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { RaftctlError } from "../base/errors.ts";
import { userConfigDir, type Environment } from "./paths.ts";
import { nearestName } from "./suggestion.ts";

const contextSchema = v.strictObject({
  endpoint: v.optional(v.union([v.string(), v.array(v.string())])),
  socket: v.optional(v.string()),
  dataDir: v.optional(v.string()),
  region: v.optional(v.string()),
  timeout: v.optional(v.string()),
  tokenFile: v.optional(v.string()),
});
const contextsSchema = v.strictObject({ current: v.optional(v.string()), contexts: v.record(v.string(), contextSchema) });

export type Contexts = v.InferOutput<typeof contextsSchema>;
export type Context = v.InferOutput<typeof contextSchema>;

export function contextsFile(env: Environment): string {
  return join(userConfigDir(env), "contexts.json");
}

/** Empty when there is no file. @throws CONFIG_INVALID when it is damaged. */
export async function readContexts(env: Environment): Promise<Contexts> {
  const file = contextsFile(env);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return { contexts: {} };
    throw new RaftctlError("CONFIG_INVALID", `contexts file ${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
  return parseContexts(file, text);
}

/** @throws NOT_FOUND that suggests the nearest name. */
export async function readContext(name: string, env: Environment): Promise<Context> {
  const { contexts } = await readContexts(env);
  if (Object.hasOwn(contexts, name)) return contexts[name]!;
  const nearest = nearestName(name, Object.keys(contexts));
  const hint = nearest === undefined ? "raftctl context list" : `did you mean ${nearest}?`;
  throw new RaftctlError("NOT_FOUND", `no context ${JSON.stringify(name)} in ${contextsFile(env)}`, { hint });
}

function parseContexts(file: string, text: string): Contexts {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw new RaftctlError("CONFIG_INVALID", `contexts file ${file} is damaged: ${(cause as Error).message}`, { cause });
  }
  const parsed = v.safeParse(contextsSchema, content);
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  throw new RaftctlError("CONFIG_INVALID", `contexts file ${file}: ${v.getDotPath(issue) ?? "content"}: ${issue.message}`);
}

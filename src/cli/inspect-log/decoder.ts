// The user's own decoder: an ES module whose default export takes the type of an entry and its bytes and returns something that JSON can hold. It is code
// and runs with the rights of whoever calls the command. What it throws, or what JSON cannot hold, is said at the entry and ends nothing.

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { RaftctlError } from "../../base/errors.ts";
import type { LogEntry } from "../../wire/log-inspection.ts";
import type { Decoded } from "./entry-text.ts";

export type Decoder = (entry: LogEntry) => Promise<Decoded>;

/** @throws NOT_FOUND, INVALID_ARGUMENT */
export async function loadDecoder(path: string): Promise<Decoder> {
  const decode = await importDefault(path);
  return async ({ type, payload }) => {
    try {
      const value = await decode(type, new Uint8Array(payload ?? []));
      return { value: JSON.parse(JSON.stringify(value ?? null)) as unknown };
    } catch (error) {
      return { error: firstLine(error) };
    }
  };
}

async function importDefault(path: string): Promise<(type: string, bytes: Uint8Array) => unknown> {
  let module: { readonly default?: unknown };
  try {
    module = (await import(pathToFileURL(resolve(path)).href)) as { readonly default?: unknown };
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND";
    throw new RaftctlError(isMissing ? "NOT_FOUND" : "INVALID_ARGUMENT", `cannot load --decoder ${path}: ${firstLine(cause)}`, { cause });
  }
  if (typeof module.default === "function") return module.default as (type: string, bytes: Uint8Array) => unknown;
  throw new RaftctlError("INVALID_ARGUMENT", `--decoder ${path} has no function as its default export: want export default (type, bytes) => …`);
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0]!;
}

// The form of the files that travel between machines during a recovery: JSON with a SHA-256 over its content, so that a file that was cut short or edited
// on its way is refused. Not a signature: it tells accidents, not enemies. Numbers are texts, as everywhere in JSON (u64), but for memberships, which
// stand as in the log.

import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import * as v from "valibot";
import { utf8 } from "../../base/bytes.ts";
import { RaftctlError, toRaftctlError } from "../../base/errors.ts";
import { NodeDisk } from "../../platform/node-disk.ts";
import { checkMembership } from "../../raft/membership-codec.ts";
import { parseClusterId, parseNodeId } from "../../base/ids.ts";
import { replaceFile } from "../../storage/durable-file.ts";

export interface SealedDocument {
  readonly schema: string;
  readonly sha256: string;
  readonly content: unknown;
}

/** Ten thousand tail entries with the longest keys fit many times over. */
const documentBytesMax = 256 * 1024 * 1024;

/** A whole number, from its text. */
export const count = v.pipe(v.string(), v.regex(/^(?:0|[1-9]\d{0,15})$/), v.transform(Number), v.safeInteger());
export const nodeId = v.pipe(v.string(), v.transform(parseNodeId));
export const clusterId = v.pipe(v.string(), v.transform(parseClusterId));
export const membership = v.pipe(v.unknown(), v.transform(checkMembership));
export const position = v.object({ index: count, term: count });
export const hardState = v.pipe(
  v.object({ currentTerm: count, votedFor: v.nullable(v.string()), commitIndex: count }),
  v.transform(({ votedFor, ...rest }) => ({ ...rest, votedFor: votedFor ?? undefined })),
);

export function sealed(schema: string, value: unknown): SealedDocument {
  const content = asDocument(value);
  return { schema, sha256: digest(content), content };
}

/** Durable, replacing an older document of a recovery, and nothing else. @throws CONFLICT */
export async function writeSealed(path: string, document: SealedDocument): Promise<void> {
  for (const place of [path, `${path}.tmp`]) await refuseStranger(place);
  await replaceFile(new NodeDisk(), resolve(path), utf8(`${JSON.stringify(document, undefined, 2)}\n`));
}

/** What a mistyped name would destroy. One that was cut short begins like a document. */
async function refuseStranger(path: string): Promise<void> {
  const text = await readText(path).catch((error: unknown) => {
    if (error instanceof RaftctlError && error.code === "NOT_FOUND") return undefined;
    throw error;
  });
  if (text === undefined || text === "" || /^\{\s*"schema":\s*"raftctl\./.test(text)) return;
  throw new RaftctlError("CONFLICT", `${path} exists, and is no document of a recovery: it is not overwritten`, { hint: "name another file" });
}

/** @throws NOT_FOUND, CORRUPT when it was changed or is no such document, INCOMPATIBLE for another version of it */
export async function readSealed<Schema extends v.GenericSchema>(path: string, expected: { readonly name: string; readonly content: Schema }): Promise<v.InferOutput<Schema>> {
  const { schema, sha256, content } = envelopeOf(path, await readText(path));
  if (schema !== expected.name) throw new RaftctlError("INCOMPATIBLE", `${path} is a ${JSON.stringify(schema)}, not a ${expected.name}`);
  const actual = digest(content);
  if (sha256 !== actual) throw new RaftctlError("CORRUPT", `${path} was changed after it was written: its content has SHA-256 ${actual}, it says ${sha256}`, { hint: "make it again" });
  const parsed = parse(path, expected, content);
  if (!parsed.success) throw new RaftctlError("CORRUPT", `${path} is no ${expected.name}: ${v.getDotPath(parsed.issues[0]) ?? ""} ${parsed.issues[0].message}`);
  return parsed.output;
}

/** Ids and memberships are checked by functions that throw, and do not know which file it is. */
function parse<Schema extends v.GenericSchema>(path: string, { name, content: schema }: { readonly name: string; readonly content: Schema }, content: unknown): v.SafeParseResult<Schema> {
  try {
    return v.safeParse(schema, content);
  } catch (cause) {
    throw new RaftctlError("CORRUPT", `${path} is no ${name}: ${toRaftctlError(cause).message}`, { cause });
  }
}

/** Numbers become texts, what is undefined becomes null. */
export function asDocument(value: unknown): unknown {
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return value.map(asDocument);
  if (typeof value !== "object" || value === null) return value ?? null;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, key === "membership" ? part : asDocument(part)]));
}

async function readText(path: string): Promise<string> {
  try {
    const found = await stat(path);
    if (found.isFile() && found.size <= documentBytesMax) return await readFile(path, "utf8");
    throw new RaftctlError("CORRUPT", found.isFile() ? `${path} has ${found.size} bytes: no document of a recovery is larger than ${documentBytesMax}` : `${path} is not a file`);
  } catch (error) {
    if (error instanceof RaftctlError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new RaftctlError(code === "ENOENT" ? "NOT_FOUND" : "IO_ERROR", `cannot read ${path}: ${code ?? message}`, { cause: error });
  }
}

function envelopeOf(path: string, text: string): SealedDocument {
  try {
    return v.parse(v.object({ schema: v.string(), sha256: v.string(), content: v.unknown() }), JSON.parse(text));
  } catch (cause) {
    throw new RaftctlError("CORRUPT", `${path} is not a document of a recovery, or only a part of one`, { cause });
  }
}

function digest(content: unknown): string {
  return createHash("sha256").update(JSON.stringify(content)).digest("hex");
}

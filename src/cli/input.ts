// Where the value of a `put`, or a document, comes from: the argument, a file or the standard input, byte for byte; and how a value is read as its encoding
// says.

import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
import { utf8, utf8Text } from "../base/bytes.ts";
import { RaftctlError } from "../base/errors.ts";

export interface ValueSource {
  /** The positional argument. "-" is the standard input. */
  readonly argument: string | undefined;
  readonly file: string | undefined;
  readonly stdin: boolean;
}

export type Encoding = "utf8" | "base64" | "json";

export async function readValue(source: ValueSource, encoding: Encoding): Promise<Uint8Array> {
  return decodeValue(await readBytes(source), encoding);
}

async function readBytes(source: ValueSource): Promise<Uint8Array> {
  const fromStdin = source.stdin || source.argument === "-";
  const given = [source.argument !== undefined || source.stdin, source.file !== undefined].filter(Boolean).length;
  if (given !== 1 || (source.stdin && source.argument !== undefined)) {
    throw new RaftctlError("USAGE", "give the value once: as the argument VALUE, with --file, or with --stdin");
  }
  if (source.file !== undefined) return readNamedFile(source.file);
  return fromStdin ? readStdin(process.stdin, "value") : utf8(source.argument ?? "");
}

/** @param what is read, for people */
export async function readInput({ file, stdin }: Omit<ValueSource, "argument">, what: string): Promise<Uint8Array> {
  if (file !== undefined) return readNamedFile(file);
  if (!stdin) throw new RaftctlError("USAGE", `say where the ${what} is: --file or --stdin`);
  return readStdin(process.stdin, what);
}

async function readNamedFile(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new RaftctlError(missing ? "NOT_FOUND" : "IO_ERROR", `cannot read --file ${file}: ${(cause as Error).message}`, { cause });
  }
}

async function readStdin(stream: NodeJS.ReadStream, what: string): Promise<Uint8Array> {
  if (stream.isTTY) process.stderr.write(`reading the ${what} from the terminal; end it with Ctrl-D\n`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

/** utf8 takes the bytes as they are; base64 decodes them; json checks that they are one JSON document and takes them as they are. */
export function decodeValue(bytes: Uint8Array, encoding: Encoding): Uint8Array {
  if (encoding === "json") checkJson(bytes);
  return encoding === "base64" ? decodeBase64(bytes) : bytes;
}

function checkJson(bytes: Uint8Array): void {
  try {
    JSON.parse(utf8Text(bytes) ?? "not UTF-8");
  } catch (cause) {
    throw new RaftctlError("INVALID_ARGUMENT", `the value is not JSON: ${(cause as Error).message}`, { cause });
  }
}

function decodeBase64(bytes: Uint8Array): Uint8Array {
  const text = (utf8Text(bytes) ?? "?").trim();
  const decoded = Buffer.from(text, "base64");
  if (decoded.toString("base64") !== text) throw new RaftctlError("INVALID_ARGUMENT", "the value is not base64 (standard alphabet, with padding)");
  return decoded;
}

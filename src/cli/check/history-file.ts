// Recorded histories in files: read line by line with bounds, so that no file can make the process keep more than the bounds allow, and written in the
// same form.

import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { concatBytes, utf8Text } from "../../base/bytes.ts";
import { RaftctlError } from "../../base/errors.ts";
import { historyLimits, historyLines, HistoryReader } from "./history-format.ts";
import type { Completed } from "./history.ts";

const lineFeed = 10;
const linesPerWrite = 2000;

/** @param file "-" is the standard input. Throws NOT_FOUND, IO_ERROR, and INVALID_ARGUMENT for what is not a history. */
export async function readHistory(file: string): Promise<Completed[]> {
  const reader = new HistoryReader();
  const source = file === "-" ? process.stdin : createReadStream(file);
  try {
    for await (const line of lines(source)) reader.line(line);
  } catch (thrown) {
    throw thrown instanceof RaftctlError ? thrown : fileError("read", file, thrown as NodeJS.ErrnoException);
  }
  return reader.operations();
}

/** The lines of a stream of bytes, without line feeds. Throws INVALID_ARGUMENT for a line that is too long or is not UTF-8. */
export async function* lines(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let parts: Uint8Array[] = [];
  let kept = 0;
  let number = 1;
  for await (const chunk of source) {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      yield text([...parts, chunk.subarray(start, end)], number++);
      [parts, kept, start] = [[], 0, end + 1];
    }
    kept += chunk.length - start;
    if (kept > historyLimits.lineBytesMax) throw tooLong(number);
    if (start < chunk.length) parts.push(chunk.subarray(start));
  }
  if (parts.length > 0) yield text(parts, number);
}

function text(parts: readonly Uint8Array[], number: number): string {
  const bytes = concatBytes(parts);
  if (bytes.length > historyLimits.lineBytesMax) throw tooLong(number);
  const decoded = utf8Text(bytes);
  if (decoded === undefined) throw new RaftctlError("INVALID_ARGUMENT", `history line ${number}: not UTF-8`);
  return decoded;
}

function tooLong(number: number): RaftctlError {
  return new RaftctlError("INVALID_ARGUMENT", `history line ${number}: longer than ${historyLimits.lineBytesMax} bytes`);
}

/** An empty file, opened before the work begins whose result it shall hold. */
export async function createHistoryFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, "w", 0o600);
  } catch (thrown) {
    throw fileError("write", file, thrown as NodeJS.ErrnoException);
  }
}

/** Closes the file, too. */
export async function writeHistory(handle: FileHandle, operations: readonly Completed[]): Promise<void> {
  try {
    let batch: string[] = [];
    for (const line of historyLines(operations)) {
      batch.push(`${line}\n`);
      if (batch.length < linesPerWrite) continue;
      await handle.write(batch.join(""));
      batch = [];
    }
    await handle.write(batch.join(""));
  } finally {
    await handle.close();
  }
}

function fileError(verb: "read" | "write", file: string, cause: NodeJS.ErrnoException): RaftctlError {
  const missing = cause.code === "ENOENT";
  return new RaftctlError(missing ? "NOT_FOUND" : "IO_ERROR", `cannot ${verb} the history ${file}: ${cause.message}`, { cause });
}

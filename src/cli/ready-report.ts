// What a started process says about itself on its ready descriptor: JSON documents, one a line. The last word is either that it serves, or the
// error that it ends with, which is thrown here with its own code, as if it had happened in this process.

import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { isErrorCode, RaftctlError, toRaftctlError } from "../base/errors.ts";

export interface FailureReport {
  readonly ready: false;
  readonly error: { readonly code: string; readonly message: string; readonly hint?: string | null };
}
type Report = { readonly ready: true } | FailureReport | { readonly ready?: undefined };

/**
 * Reads until the process says that it serves. undefined when the stream ends before: the process is gone without a word.
 * @param onEvent gets the documents that come before.
 */
export async function readReport<T extends { readonly ready: true }>(stream: Readable, onEvent: (event: unknown) => void = () => undefined): Promise<T | undefined> {
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    const report = parse(line);
    if (report?.ready === true) return report as T;
    if (report?.ready === false) throw failureOf(report);
    if (report !== undefined) onEvent(report);
  }
  return undefined;
}

export function failureReport(error: RaftctlError): FailureReport {
  return { ready: false, error: { code: error.code, message: error.message, hint: error.hint ?? null } };
}

function failureOf({ error }: FailureReport): RaftctlError {
  const extras = typeof error.hint === "string" ? { hint: error.hint } : {};
  return new RaftctlError(isErrorCode(error.code) ? error.code : "INTERNAL", error.message, extras);
}

function parse(line: string): Report | undefined {
  try {
    return JSON.parse(line) as Report;
  } catch {
    return undefined;
  }
}

/** For a process that fails before it could serve. Throws the error on. */
export function reportFailure(thrown: unknown, descriptor: number | undefined): never {
  if (descriptor !== undefined) writeSync(descriptor, `${JSON.stringify(failureReport(toRaftctlError(thrown)))}\n`);
  throw thrown;
}

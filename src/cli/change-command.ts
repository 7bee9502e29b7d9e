// A program that is run for each change, one at a time and in order: no shell, the change in its environment, the value on its standard input.
//
//    RAFTCTL_WATCH_KIND          put or delete           RAFTCTL_WATCH_KEY           base64 where it is not text
//    RAFTCTL_WATCH_INDEX         of the entry            RAFTCTL_WATCH_KEY_ENCODING  utf8 or base64
//    RAFTCTL_WATCH_VERSION       of a put                RAFTCTL_WATCH_CREATE_INDEX  of a put

import { spawn } from "node:child_process";
import { Buffer } from "node:buffer";
import { assert } from "../base/assert.ts";
import { RaftctlError } from "../base/errors.ts";
import type { WatchEvent } from "../wire/watch-events.ts";
import { bytesDocument } from "./envelope.ts";
import { shownBytes } from "./terminal.ts";

export interface ChangeCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** Where its standard output goes. */
  readonly output: "inherit" | 2;
}

/** Rejects with NOT_FOUND when there is no such program, with IO_ERROR when it does not end with 0. */
export function runForChange({ program, args, output }: ChangeCommand, event: WatchEvent): Promise<void> {
  const child = spawn(program, args, { env: { ...process.env, ...changeVariables(event) }, stdio: ["pipe", output, "inherit"] });
  assert(child.stdin !== null, "its input is a pipe");
  // One that does not want the value closes its input.
  child.stdin.on("error", () => undefined);
  child.stdin.end(event.value);
  return new Promise((resolve, reject) => {
    child.on("error", (cause) => reject(new RaftctlError("NOT_FOUND", `${program} cannot be run: ${cause.message}`, { cause, ...goOn(event) })));
    child.on("close", (code, signal) => (code === 0 ? resolve() : reject(ended(program, event, signal ?? `exit code ${code}`))));
  });
}

export function changeVariables({ kind, index, key, version, createIndex }: WatchEvent): Record<string, string> {
  const shown = bytesDocument(key);
  // No variable can hold a zero byte.
  const name = shown.value.includes("\0") ? { value: Buffer.from(key).toString("base64"), encoding: "base64" } : shown;
  return {
    RAFTCTL_WATCH_KIND: kind, RAFTCTL_WATCH_INDEX: String(index), RAFTCTL_WATCH_KEY: name.value, RAFTCTL_WATCH_KEY_ENCODING: name.encoding,
    ...(kind === "put" && { RAFTCTL_WATCH_VERSION: String(version), RAFTCTL_WATCH_CREATE_INDEX: String(createIndex) }),
  };
}

function ended(program: string, event: WatchEvent, how: string): RaftctlError {
  return new RaftctlError("IO_ERROR", `${program} ended with ${how} for the ${event.kind} of ${shownBytes(event.key)} at index ${event.index}`, goOn(event));
}

function goOn({ index }: WatchEvent): { readonly hint: string; readonly details: Readonly<Record<string, string>> } {
  return { hint: `go on with this change: --from-index ${index}`, details: { index: String(index) } };
}

// The daemon's log: one JSON document a line, on stderr or in a file, written before the call returns, so that the last line before a crash is
// there. Fields whose name says secret are masked at any depth (T20), bytes are never written out, and no character of a field can move a
// terminal's cursor (T24). A log that cannot be written never stops the daemon.

import { pino, type DestinationStream, type Logger as PinoLogger } from "pino";
import type { LogFields, Logger } from "../base/logger.ts";
import type { LogLevel } from "../config/schema.ts";
import { isSecretName, mask } from "../config/secrets.ts";

export interface Log {
  readonly logger: Logger;
  setLevel(level: LogLevel): void;
  /** After a rotation by rename: writes on in a new file of the configured name. */
  reopen(): void;
}

/** @param destination the path of a file, made with mode 0600, or a descriptor (2: stderr). */
export function openLog(level: LogLevel, destination: string | number): Log {
  const stream = pino.destination({ dest: destination, sync: true, mkdir: true, mode: 0o600 });
  stream.on("error", () => undefined);
  const root = pinoOn(level, stream);
  return {
    logger: new DaemonLogger(root, root),
    setLevel: (changed) => {
      root.level = changed;
    },
    reopen: () => {
      if (typeof destination === "string") stream.reopen();
    },
  };
}

function pinoOn(level: LogLevel, stream: DestinationStream): PinoLogger {
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: "message",
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: escapeControls },
    },
    stream,
  );
}

/** The root decides what is written for all children, so that a change of level reaches those that exist already. */
class DaemonLogger implements Logger {
  readonly #pino: PinoLogger;
  readonly #root: PinoLogger;

  constructor(child: PinoLogger, root: PinoLogger) {
    this.#pino = child;
    this.#root = root;
  }

  debug(fields: LogFields, sentence: string): void {
    this.#write("debug", fields, sentence);
  }

  info(fields: LogFields, sentence: string): void {
    this.#write("info", fields, sentence);
  }

  warn(fields: LogFields, sentence: string): void {
    this.#write("warn", fields, sentence);
  }

  error(fields: LogFields, sentence: string): void {
    this.#write("error", fields, sentence);
  }

  fatal(fields: LogFields, sentence: string): void {
    this.#write("fatal", fields, sentence);
  }

  child(fields: LogFields): Logger {
    return new DaemonLogger(this.#pino.child(loggableFields(fields, 0), { level: "trace" }), this.#root);
  }

  #write(level: LogLevel, fields: LogFields, sentence: string): void {
    if (this.#root.isLevelEnabled(level)) this.#pino[level](loggableFields(fields, 0), sentence);
  }
}

const depthMax = 6;

function loggableFields(fields: object, depth: number): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) result[name] = isSecretName(name) ? mask : loggable(value, depth + 1);
  return result;
}

function loggable(value: unknown, depth: number): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (ArrayBuffer.isView(value)) return `<${value.byteLength} bytes>`;
  if (depth > depthMax) return "<nested too deeply>";
  if (value instanceof Error) return loggableError(value, depth);
  if (Array.isArray(value)) return value.map((element) => loggable(element, depth + 1));
  if (value instanceof Map) return loggableFields(Object.fromEntries(value), depth);
  if (value instanceof Set) return [...value].map((element) => loggable(element, depth + 1));
  return loggableFields(value, depth);
}

function loggableError(error: Error, depth: number): Record<string, unknown> {
  const { cause, stack } = error;
  return {
    name: error.name,
    message: error.message,
    ...loggableFields(error, depth),
    ...(stack === undefined ? {} : { stack }),
    ...(cause === undefined ? {} : { cause: loggable(cause, depth + 1) }),
  };
}

/** JSON leaves these as they are, terminals do not: C1 controls, delete, line separators and what turns the direction of text. */
const unsafeCharacters = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function escapeControls(line: string): string {
  return line.replace(unsafeCharacters, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

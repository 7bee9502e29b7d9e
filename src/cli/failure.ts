// From whatever was thrown to what the user sees and the process answers: every failure becomes a RaftctlError, one line of what and why, one
// line of what helps, and one exit code. Parse errors of oclif are usage errors here, without the framework's own dump of its configuration.

import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import { errorDocument, errorSchema } from "./envelope.ts";
import type { FailureEnvelope, Header, Warning } from "./envelope.ts";
import { paint, visible } from "./terminal.ts";

interface OclifError extends Error {
  readonly code?: string;
  readonly oclif?: { readonly exit?: number };
  readonly parse?: unknown;
  /** Of the error that says which arguments are missing. */
  readonly args?: readonly { readonly name: string; readonly description?: string; readonly required?: boolean }[];
}

/** A deliberate exit (`this.exit(n)`): nothing is wrong and nothing is to be said. */
export function deliberateExit(thrown: unknown): number | undefined {
  const error = thrown as OclifError;
  return error instanceof Error && error.code === "EEXIT" ? (error.oclif?.exit ?? 0) : undefined;
}

export function asFailure(thrown: unknown): RaftctlError {
  if (thrown instanceof RaftctlError) return cleaned(thrown);
  const error = thrown as OclifError;
  const usage = error instanceof Error && (error.parse !== undefined || error.oclif?.exit === 2 || error.message.startsWith("Parsing --"));
  if (usage) return new RaftctlError("USAGE", Array.isArray(error.args) ? argumentsMessage(error) : oneLine(error.message));
  return toRaftctlError(thrown);
}

/** oclif writes "Parsing --flag" into the message of an error that a flag's parser threw. */
function cleaned(error: RaftctlError): RaftctlError {
  const message = oneLine(error.message);
  if (message === error.message) return error;
  const extras = { cause: error, ...(error.details && { details: error.details }), ...(error.hint !== undefined && { hint: error.hint }) };
  return new RaftctlError(error.code, message, extras);
}

/** oclif's own message is a table with a remark about flags. */
function argumentsMessage(error: OclifError): string {
  if (!error.message.startsWith("Missing")) return oneLine(error.message);
  const missing = (error.args ?? []).map(({ name, description }) => `${name.toUpperCase()}${description === undefined ? "" : ` (${description})`}`);
  return `missing argument: ${missing.join(", ")}`;
}

function oneLine(message: string): string {
  return message
    .replace(/\nSee more help with --help$/, "")
    .replace(/^Parsing (--\S+)\s*\n\s*/, "$1: ")
    .replace(/^The following errors? occurred:\s*/, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("; ")
    .replaceAll(":; ", ": ");
}

export interface FailureContext {
  /** The schema of the command whose result travels with the failure. */
  readonly schema?: string;
  readonly header?: Header;
  readonly result?: unknown;
  readonly warnings?: readonly Warning[];
  /** One line, shown below a usage error. */
  readonly usage?: string | undefined;
  readonly quiet?: boolean;
}

export function failureEnvelope(error: RaftctlError, context: FailureContext = {}): FailureEnvelope {
  const withResult = context.result !== undefined;
  return {
    ok: false,
    schema: withResult && context.schema !== undefined ? context.schema : errorSchema,
    ...(context.header !== undefined && Object.keys(context.header).length > 0 && { header: context.header }),
    ...(withResult && { result: context.result }),
    error: errorDocument(error),
    ...(context.warnings?.length && { warnings: context.warnings }),
  };
}

export function failureText(error: RaftctlError, context: FailureContext = {}): string {
  const lines = [`${paint("red", `error[${error.code}]:`, process.stderr)} ${visible(error.message)}`];
  if (error.code === "USAGE" && context.usage !== undefined) lines.push(context.usage);
  if (error.hint !== undefined && context.quiet !== true) lines.push(`hint: ${visible(error.hint)}`);
  if (process.env["DEBUG"]?.includes("raftctl")) lines.push(...causes(error));
  return lines.join("\n");
}

function causes(error: Error): string[] {
  const stacks: string[] = [];
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) stacks.push(cause.stack ?? cause.message);
  return stacks;
}

// The JSON contract: one document per invocation on stdout, the same shape for success and failure, so that `jq .ok` always works. Numbers that
// may exceed 2^53 elsewhere (terms, indexes, versions, ids) are strings. A change of a schema changes its /vN.

import { Buffer } from "node:buffer";
import { utf8Text } from "../base/bytes.ts";
import type { RaftctlError } from "../base/errors.ts";

export interface Header {
  clusterId?: string;
  nodeId?: string;
  node?: string;
  region?: string;
  term?: string;
  index?: string;
  leader?: string;
}

export interface Warning {
  code: string;
  message: string;
}

export interface SuccessEnvelope {
  ok: true;
  schema: string;
  header: Header;
  result: unknown;
  warnings: readonly Warning[];
}

/** `result` is there when the command did its work and the finding is bad: a missing key, an unhealthy node, an unmet condition. */
export interface FailureEnvelope {
  ok: false;
  schema: string;
  error: ErrorDocument;
  header?: Header;
  result?: unknown;
  warnings?: readonly Warning[];
}

export interface ErrorDocument {
  code: string;
  exit: number;
  message: string;
  retryable: boolean;
  hint?: string;
  details?: Readonly<Record<string, unknown>>;
  requestId?: string;
}

/** "member:list" is raftctl.member-list/v1. */
export function schemaName(commandId: string, version = 1): string {
  return `raftctl.${commandId.replaceAll(":", "-")}/v${version}`;
}

/** In the package's folder schemas/. */
export function schemaFile(commandId: string): string {
  return `${commandId.replaceAll(":", "-")}.json`;
}

export const errorSchema = "raftctl.error/v1";

export function errorDocument(error: RaftctlError): ErrorDocument {
  const requestId = error.details?.["requestId"];
  return {
    code: error.code,
    exit: error.exit,
    message: error.message,
    retryable: error.retryable,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.details === undefined ? {} : { details: error.details }),
    ...(typeof requestId === "string" ? { requestId } : {}),
  };
}

export interface BytesDocument {
  value: string;
  encoding: "utf8" | "base64";
}

/** Text where the bytes are valid UTF-8, base64 where they are not. */
export function bytesDocument(bytes: Uint8Array): BytesDocument {
  const text = utf8Text(bytes);
  return text === undefined ? { value: Buffer.from(bytes).toString("base64"), encoding: "base64" } : { value: text, encoding: "utf8" };
}

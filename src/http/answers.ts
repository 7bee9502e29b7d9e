// What was found, as an answer: the envelope of the command line's --json, with the status that goes with its error, and headers for whoever reads no
// bodies.

import { RaftctlError } from "../base/errors.ts";
import { schemaName, type Header, type SuccessEnvelope } from "../cli/envelope.ts";
import { failureEnvelope } from "../cli/failure.ts";
import type { Client } from "../client/client.ts";
import type { HttpAnswer } from "../platform/http-server.ts";
import type { HttpStream } from "../platform/http-stream.ts";

export interface Finding {
  readonly result: unknown;
  /** The work is done and what it found is bad: a missing key, an unhealthy node. */
  readonly error?: RaftctlError | undefined;
  /** When it is not the error's own. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A value as it is, for whoever asked for nothing else. */
export interface RawFinding {
  readonly raw: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** A stream of server-sent events. */
export interface StreamFinding extends Pick<HttpStream, "run" | "cancel"> {}

/** The client is closed at its end. */
export function streamAnswer(client: Client, { run, cancel }: StreamFinding): HttpStream {
  return {
    status: 200, headers: { ...headersOf(client.header()), "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" }, heartbeat: ":\n\n",
    run: (write) => run(write).finally(() => client.close()),
    cancel: () => {
      cancel();
      client.close();
    },
  };
}

/** The schema's name is that of the command which does the same. */
export function foundAnswer(command: string, header: Header, found: Finding | RawFinding): HttpAnswer {
  const headers = { ...headersOf(header), ...found.headers };
  if ("raw" in found) return { status: 200, headers: { ...headers, "content-type": "application/octet-stream" }, body: found.raw };
  const schema = schemaName(command);
  if (found.error !== undefined) return errorAnswer(found.error, { status: found.status ?? found.error.httpStatus, headers, envelope: { schema, header, result: found.result } });
  const envelope: SuccessEnvelope = { ok: true, schema, header, result: found.result, warnings: [] };
  return { status: 200, headers: { ...headers, ...json }, body: encoded(envelope) };
}

export function refusalAnswer(error: RaftctlError, header: Header = {}): HttpAnswer {
  return errorAnswer(error, { status: statusOf(error), headers: headersOf(header), envelope: { header } });
}

/** 307: the same request, with its body, is for the leader. */
export function redirectAnswer(location: string): HttpAnswer {
  const error = new RaftctlError("NOT_LEADER", `the leader takes this request, at ${location}`, { details: { location }, hint: "follow the redirect: curl --location" });
  return errorAnswer(error, { status: 307, headers: { location }, envelope: {} });
}

export function unknownPath(path: string): HttpAnswer {
  const error = new RaftctlError("NOT_FOUND", `no such path: ${JSON.stringify(path.slice(0, 80))}`, { hint: "/v1/kv/{key}, /v1/kv, /v1/txn, /v1/watch, /v1/leases, /v1/status, /v1/health, /v1/version, /v1/outcome/{request}" });
  return refusalAnswer(error);
}

export function wrongMethod(method: string, allowed: readonly string[]): HttpAnswer {
  const allow = allowed.join(", ");
  const error = new RaftctlError("BAD_REQUEST", `${method.slice(0, 20)} is not possible here (want ${allow})`);
  return errorAnswer(error, { status: 405, headers: { allow }, envelope: {} });
}

const json = { "content-type": "application/json; charset=utf-8" };

interface ErrorPresentation {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly envelope: NonNullable<Parameters<typeof failureEnvelope>[1]>;
}

function errorAnswer(error: RaftctlError, { status, headers, envelope }: ErrorPresentation): HttpAnswer {
  const retryAfter = status === 503 ? { "retry-after": "1" } : {};
  return { status, headers: { ...headers, ...retryAfter, ...json }, body: encoded(failureEnvelope(error, envelope)) };
}

/** A condition that did not hold has the version that is there among its details. */
function statusOf(error: RaftctlError): number {
  return error.code === "CONFLICT" && error.details?.["version"] !== undefined ? 412 : error.httpStatus;
}

function headersOf({ node, term, index, leader }: Header): Record<string, string> {
  return {
    ...(node !== undefined && { "raftctl-node": node }),
    ...(term !== undefined && { "raftctl-term": term }),
    ...(index !== undefined && { "raftctl-index": index }),
    ...(leader !== undefined && { "raftctl-leader": leader }),
    "cache-control": "no-store",
  };
}

function encoded(document: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(document)}\n`);
}

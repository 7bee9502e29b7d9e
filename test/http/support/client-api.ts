// What a client can ask of a node, whatever carries it, and the ways to ask: over TCP, over the admin socket, over HTTP. Errors arrive whole, as
// RaftctlError, by each of them.

import { isErrorCode, RaftctlError } from "../../../src/base/errors.ts";
import type { ReceiptDocument } from "../../../src/cli/kv-result.ts";
import { receiptDocument } from "../../../src/cli/kv-result.ts";
import type { ErrorDocument } from "../../../src/cli/envelope.ts";
import { outcomeDocument, type OutcomeDocument } from "../../../src/cli/outcome-view.ts";
import { read, type ReadDocument } from "../../../src/cli/read.ts";
import { Client } from "../../../src/client/client.ts";
import { prefixEnd } from "../../../src/client/key-range.ts";
import { parseRequestId } from "../../../src/client/session.ts";
import { utf8 } from "../../../src/base/bytes.ts";
import type { Daemon } from "../../../src/daemon/daemon.ts";
import type { Consistency } from "../../../src/wire/client-protocol.ts";

export interface Write {
  readonly ifVersion?: number;
  readonly ifAbsent?: boolean;
  readonly ifValue?: string;
  readonly prev?: boolean;
  readonly response?: "committed" | "applied";
  /** "<session>:<number>" */
  readonly requestId?: string;
}

export interface Read {
  readonly consistency?: Consistency;
  readonly maxLagMs?: number;
  readonly minIndex?: number;
  readonly timeoutMs?: number;
}

export interface Range {
  readonly prefix: string;
  readonly limit?: number;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
}

/** Documents are those of the command line. A missing key is found: false. */
export interface ClientApi {
  put(key: string, value: string | Uint8Array, write?: Write): Promise<ReceiptDocument>;
  delete(key: string, write?: Write): Promise<ReceiptDocument>;
  deletePrefix(prefix: string): Promise<ReceiptDocument>;
  get(key: string, options?: Read): Promise<ReadDocument>;
  range(range: Range, options?: Read): Promise<ReadDocument>;
  outcome(requestId: string): Promise<OutcomeDocument>;
  /** An index that the log has reached. */
  reached(): Promise<number>;
  close(): void;
}

export type OpenApi = (node: Daemon) => ClientApi;

export const ways: Readonly<Record<string, OpenApi>> = {
  TCP: (node) => overClient(new Client({ endpoints: [node.clientAddress] })),
  "the admin socket": (node) => overClient(new Client({ socket: node.socket })),
  HTTP: (node) => overHttp(node.httpAddress!),
};

function overClient(client: Client): ClientApi {
  const writeOptions = ({ ifVersion, ifAbsent, ifValue, prev = false, response = "applied", requestId }: Write) => ({
    waitFor: response, wantPrevious: prev,
    condition: ifAbsent ? { kind: "absent" as const } : ifVersion !== undefined ? { kind: "version" as const, version: ifVersion } : ifValue !== undefined ? { kind: "value" as const, value: utf8(ifValue) } : undefined,
    session: requestId === undefined ? "none" as const : parseRequestId(requestId),
  });
  const written = (key: string, write: Write) => ({ key, response: write.response ?? ("applied" as const), wantPrevious: write.prev ?? false });
  const plan = { limit: undefined, keysOnly: false, countOnly: false };
  return {
    put: async (key, value, write = {}) => receiptDocument(await client.kv.put(key, value, writeOptions(write)), written(key, write)),
    delete: async (key, write = {}) => {
      const receipt = await client.kv.delete(key, writeOptions(write));
      return { ...receiptDocument(receipt, written(key, write)), deleted: receipt.result?.deleted ?? null };
    },
    deletePrefix: async (prefix) => {
      const receipt = await client.kv.deletePrefix(prefix, { session: "none" });
      return { ...receiptDocument(receipt, written(prefix, {})), deleted: receipt.result?.deleted ?? null };
    },
    get: async (key, options = {}) => (await read(client, { ...plan, target: { key }, options: { consistency: "linearizable", ...options } })).document,
    range: async ({ prefix, limit, keysOnly = false, countOnly = false }, options = {}) => {
      const target = { query: { start: prefix, end: prefixEnd(utf8(prefix)) as never } };
      return (await read(client, { target, limit, keysOnly, countOnly, options: { consistency: "linearizable", ...options } })).document;
    },
    outcome: async (id) => outcomeDocument(id, await client.kv.outcome(parseRequestId(id))).document,
    reached: async () => (await client.kv.get("reached")).index,
    close: () => client.close(),
  };
}

interface Envelope {
  ok: boolean;
  schema: string;
  header?: { index?: string };
  result?: unknown;
  error?: ErrorDocument;
}

/** Follows redirects, as curl --location does. */
function overHttp(address: string): ClientApi {
  const ask = async (method: string, path: string, query: Record<string, unknown>, { body, requestId }: { body?: string | Uint8Array; requestId?: string | undefined } = {}): Promise<Envelope> => {
    const words = Object.entries(query).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
    const response = await fetch(`http://${address}${path}${words.length === 0 ? "" : `?${words.join("&")}`}`, {
      method, ...(body === undefined ? {} : { body: body as string }), headers: requestId === undefined ? {} : { "raftctl-request": requestId },
    });
    const envelope = (await response.json()) as Envelope;
    if (envelope.ok || envelope.result !== undefined) return envelope;
    const { code, message, hint, details } = envelope.error!;
    throw new RaftctlError(isErrorCode(code) ? code : "INTERNAL", message, { ...(hint === undefined ? {} : { hint }), ...(details === undefined ? {} : { details }) });
  };
  const path = (key: string): string => `/v1/kv/${encodeURIComponent(key)}`;
  const writeQuery = ({ ifVersion, ifAbsent, ifValue, prev, response }: Write) => ({ ifVersion, ifAbsent, ifValue, prev, response });
  const readQuery = ({ consistency, maxLagMs, minIndex, timeoutMs }: Read) =>
    ({ consistency, minIndex, maxLag: maxLagMs === undefined ? undefined : `${maxLagMs}ms`, timeout: timeoutMs === undefined ? undefined : `${timeoutMs}ms` });
  return {
    put: async (key, value, write = {}) => (await ask("PUT", path(key), writeQuery(write), { body: value, requestId: write.requestId })).result as ReceiptDocument,
    delete: async (key, write = {}) => (await ask("DELETE", path(key), writeQuery(write), { requestId: write.requestId })).result as ReceiptDocument,
    deletePrefix: async (prefix) => (await ask("DELETE", "/v1/kv", { prefix })).result as ReceiptDocument,
    get: async (key, options = {}) => (await ask("GET", path(key), readQuery(options))).result as ReadDocument,
    range: async ({ prefix, limit, keysOnly, countOnly }, options = {}) => (await ask("GET", "/v1/kv", { prefix, limit, keysOnly, countOnly, ...readQuery(options) })).result as ReadDocument,
    outcome: async (id) => (await ask("GET", `/v1/outcome/${id}`, {})).result as OutcomeDocument,
    reached: async () => Number((await ask("GET", path("reached"), {})).header!.index),
    close: () => undefined,
  };
}

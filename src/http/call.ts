// One request on its way to its answer: what was asked, and a client that asks this node.

import type { Client } from "../client/client.ts";
import type { HttpRequest } from "../platform/http-server.ts";
import { decodedKey, percentDecoded, type Query } from "./query.ts";

export interface Call {
  readonly request: HttpRequest;
  readonly query: Query;
  /** What stands behind the route's path, percent-encoded: a key, or the id of a request. */
  readonly rest: string;
  /** Of this call alone: it knows how far the log was when it was answered. */
  readonly client: Client;
}

export function keyOf({ rest, query }: Call): Uint8Array {
  return decodedKey(percentDecoded("key", rest), query);
}

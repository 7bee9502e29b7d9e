// What all writes have in common: when they are answered, and the session stamp that their caller made, or none. Without one a write is sent once, and an
// answer that does not come leaves its outcome unknown.

import type { WriteReceipt } from "../client/writes.ts";
import { parseRequestId } from "../client/session.ts";
import type { SessionStamp } from "../wire/command.ts";
import type { Call } from "./call.ts";

const requestHeader = "raftctl-request";

export interface Delivery {
  readonly waitFor: "committed" | "applied";
  readonly session: SessionStamp | "none";
}

/** For routes with the parameter `response`. */
export function deliveryOf(call: Call): Delivery {
  return { waitFor: call.query.choice("response", ["committed", "applied"]) ?? "applied", session: stampOf(call) };
}

export function stampOf({ request }: Call): Delivery["session"] {
  const stamp = request.header(requestHeader);
  return stamp === undefined ? "none" : parseRequestId(stamp);
}

export function stampHeaders({ requestId }: WriteReceipt): Record<string, string> {
  return requestId === undefined ? {} : { [requestHeader]: requestId };
}

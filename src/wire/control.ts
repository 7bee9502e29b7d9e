// What two ends of a connection say about the connection itself, in frames whose request id is 0: ping and pong, to notice a peer that is
// gone and to measure the round trip, and a last word with the reason before one end closes.
//
//   ping [0, 1, number]      pong [0, 2, number]      disconnect [0, 3, [code, message, hint, details]]

import type { RaftctlError } from "../base/errors.ts";
import { FieldReader } from "./check.ts";
import { decodeError, encodeError } from "./error-codec.ts";
import type { WireFields } from "./frame.ts";

const kinds = { ping: 1, pong: 2, disconnect: 3 } as const;

export type Control =
  | { readonly kind: "ping" | "pong"; readonly number: number }
  | { readonly kind: "disconnect"; readonly reason: RaftctlError };

export function encodePing(number: number): WireFields {
  return [0, kinds.ping, number];
}

export function encodePong(number: number): WireFields {
  return [0, kinds.pong, number];
}

export function encodeDisconnect(reason: unknown): WireFields {
  return [0, kinds.disconnect, encodeError(reason)];
}

/** @param fields of a frame whose request id is 0. Throws BAD_FRAME. */
export function decodeControl(fields: WireFields): Control {
  const reader = new FieldReader("control", fields, 1, "BAD_FRAME");
  const kind = reader.choice("kind", kinds);
  const control: Control = kind === "disconnect" ? { kind, reason: decodeError(reader) } : { kind, number: reader.integer("number") };
  reader.end();
  return control;
}

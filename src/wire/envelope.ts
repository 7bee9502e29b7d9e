// The envelope that peer and client messages share: [requestId, ...]. A request id is a u32, chosen by whoever asks, unique among his requests
// under way on one connection; 0 is the connection itself (control.ts). A response is [requestId, 0, ...fields] or [requestId, 1, error].

import { RaftctlError } from "../base/errors.ts";
import { describeValue, FieldReader } from "./check.ts";
import { decodeError, encodeError } from "./error-codec.ts";
import type { WireFields } from "./frame.ts";

export const requestIdMax = 0xffff_ffff;

/** A decoded frame as the fields of a message; throws BAD_FRAME when it has no envelope, and then the connection cannot go on. */
export function openEnvelope(value: unknown): WireFields {
  if (!Array.isArray(value) || value.length < 2) throw new RaftctlError("BAD_FRAME", `${describeValue(value)} is no message (want a list of fields)`);
  const id: unknown = value[0];
  if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id > requestIdMax || Object.is(id, -0)) {
    throw new RaftctlError("BAD_FRAME", `request id ${describeValue(id)} (want an integer from 0 to ${requestIdMax})`);
  }
  return value;
}

export function encodeErrorResponse(requestId: number, error: unknown): WireFields {
  return [requestId, 1, encodeError(error)];
}

/** A reader that stands on the first field of a response; throws the error when the response is one. */
export function openResponse(message: string, fields: WireFields): FieldReader {
  const reader = new FieldReader(message, fields, 1, "BAD_FRAME");
  if (reader.integer("status", 0, 1) === 0) return reader;
  const error = decodeError(reader);
  reader.end();
  throw error;
}

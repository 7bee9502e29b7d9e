// Errors on the wire: [code, message, hint, details]. A code that this version does not know arrives as INTERNAL with its message, so that a
// newer peer can still be understood. The cause stays where the error happened.

import { isErrorCode, type RaftctlError, remoteError, toRaftctlError, type ErrorExtras } from "../base/errors.ts";
import type { WireError } from "./client-protocol.ts";
import type { FieldReader } from "./check.ts";
import type { WireFields } from "./frame.ts";
import { limits } from "./limits.ts";

export function toWireError(thrown: unknown): WireError {
  const { code, message, hint, details } = toRaftctlError(thrown);
  return { code, message, hint, details };
}

export function encodeError(thrown: unknown): WireFields {
  const { code, message, hint, details } = toWireError(thrown);
  return [code, clip(message), hint === undefined ? null : clip(hint), details ?? null];
}

/** Reads the group that `encodeError` made. */
export function decodeError(reader: FieldReader): RaftctlError {
  return reader.group("error", (fields) => {
    const code = fields.text("code", 64);
    const message = fields.text("message", limits.errorMessageBytesMax);
    const hint = fields.optionalText("hint", limits.errorMessageBytesMax);
    const details = fields.take("details");
    if (details !== null && (typeof details !== "object" || Array.isArray(details) || details instanceof Uint8Array)) {
      throw fields.refusal("details", details, "a map or null");
    }
    const extras: ErrorExtras = {
      ...(hint === undefined ? {} : { hint }),
      ...(details === null ? {} : { details: details as Record<string, unknown> }),
    };
    return remoteError(isErrorCode(code) ? code : "INTERNAL", message, extras);
  });
}

/** By characters: at most four bytes each, so what is left always fits. */
function clip(text: string): string {
  const lengthMax = limits.errorMessageBytesMax / 4;
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1)}…`;
}

// The words of a request line: percent-encoded bytes, and parameters by name. What a route does not know, what comes twice and what is malformed is
// refused: a parameter that was misspelt must not change what is done. "+" stands for itself.

import { utf8Text } from "../base/bytes.ts";
import { RaftctlError } from "../base/errors.ts";
import { parseDuration } from "../config/duration.ts";
import { decodeValue } from "../cli/input.ts";

export class Query {
  readonly #values = new Map<string, string>();

  /** @param known what this request may carry. Throws BAD_REQUEST. */
  constructor(text: string, known: readonly string[]) {
    for (const part of text === "" ? [] : text.split("&")) {
      const place = part.indexOf("=");
      const name = place === -1 ? part : part.slice(0, place);
      if (!known.includes(name)) throw new RaftctlError("BAD_REQUEST", `no such parameter here: ${JSON.stringify(name)} (want ${known.length === 0 ? "none" : known.join(", ")})`);
      if (this.#values.has(name)) throw new RaftctlError("BAD_REQUEST", `${name}: given twice`);
      this.#values.set(name, place === -1 ? "" : part.slice(place + 1));
    }
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string | undefined {
    const bytes = this.bytes(name);
    const text = bytes === undefined ? undefined : utf8Text(bytes);
    if (bytes !== undefined && text === undefined) throw refusal(name, this.#values.get(name)!, "UTF-8");
    return text;
  }

  bytes(name: string): Uint8Array | undefined {
    const value = this.#values.get(name);
    return value === undefined ? undefined : percentDecoded(name, value);
  }

  /** Also without a value: `?keysOnly`. */
  flag(name: string): boolean {
    const value = this.#values.get(name) ?? "false";
    if (["", "true", "1"].includes(value)) return true;
    if (["false", "0"].includes(value)) return false;
    throw refusal(name, value, "true or false");
  }

  count(name: string): number | undefined {
    const value = this.#values.get(name);
    if (value === undefined) return undefined;
    const count = /^[0-9]{1,16}$/.test(value) ? Number(value) : Number.NaN;
    if (!Number.isSafeInteger(count)) throw refusal(name, value, "a whole number from 0 to 2^53-1");
    return count;
  }

  /** Milliseconds. */
  duration(name: string): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : parseDuration(text);
  }

  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.text(name);
    if (value === undefined || choices.includes(value as T)) return value as T | undefined;
    throw refusal(name, value, choices.join(", "));
  }
}

/** Every byte can be written as %XX; what is not printable ASCII must be. */
export function percentDecoded(name: string, text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x21 || code > 0x7e) throw new RaftctlError("BAD_REQUEST", `${name}: byte ${code} must be percent-encoded`);
    if (code === 0x25) {
      const digits = text.slice(at + 1, at + 3);
      if (!/^[0-9a-fA-F]{2}$/.test(digits)) throw new RaftctlError("BAD_REQUEST", `${name}: ${JSON.stringify(text.slice(at, at + 3))} is no percent-encoded byte (want %00 to %FF)`);
      bytes[length] = Number.parseInt(digits, 16);
      at += 2;
    } else bytes[length] = code;
    length += 1;
  }
  return bytes.subarray(0, length);
}

/** A key as it was written, which with `keyEncoding=base64` is base64 of it. */
export function decodedKey(bytes: Uint8Array, query: Query): Uint8Array {
  return query.choice("keyEncoding", ["utf8", "base64"]) === "base64" ? decodeValue(bytes, "base64") : bytes;
}

export function keyParameter(query: Query, name: string): Uint8Array | undefined {
  const bytes = query.bytes(name);
  return bytes === undefined ? undefined : decodedKey(bytes, query);
}

function refusal(name: string, value: string, wanted: string): RaftctlError {
  return new RaftctlError("BAD_REQUEST", `${name}: ${JSON.stringify(value.slice(0, 80))} is not valid, want ${wanted}`);
}

// JSON values as the rules see them: what a stored value is, what lies at a place in it, and when two of them are equal.

import { utf8Text } from "../../base/bytes.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** undefined when the bytes are not one JSON text in UTF-8. */
export function parseJson(bytes: Uint8Array): Json | undefined {
  const text = utf8Text(bytes);
  return text === undefined ? undefined : parseJsonText(text);
}

export function parseJsonText(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

export function isRecord(value: Json): value is { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member of an object; undefined when it is no object or has none of this name. */
export function memberOf(value: Json, name: string): Json | undefined {
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** Objects regardless of the order of their members. Goes as deep as `left` does. */
export function equalJson(left: Json, right: Json): boolean {
  if (Array.isArray(left)) return Array.isArray(right) && left.length === right.length && left.every((item, place) => equalJson(item as Json, right[place] as Json));
  if (!isRecord(left)) return left === right;
  if (!isRecord(right)) return false;
  const names = Object.keys(left);
  return names.length === Object.keys(right).length && names.every((name) => Object.hasOwn(right, name) && equalJson(left[name]!, right[name]!));
}

export type JsonPointer = readonly string[];

/** RFC 6901. undefined for a text that is none, or for the pointer to the whole. */
export function parsePointer(text: string): JsonPointer | undefined {
  if (!text.startsWith("/") || /~(?![01])/.test(text)) return undefined;
  return text.slice(1).split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** Of a place in a value, for people and programs. */
export function pointerText(path: readonly (string | number)[]): string {
  return path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** What lies there, by way of objects only. */
export function valueAt(value: Json, pointer: JsonPointer): Json | undefined {
  let at: Json | undefined = value;
  for (const name of pointer) at = at === undefined ? undefined : memberOf(at, name);
  return at;
}

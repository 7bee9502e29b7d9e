// Checks for values that came from outside, put together like the types that they give: what is missing, of another type or beyond all measure is an
// error that names the field. Fields that nobody asks for are left out.

import { RaftctlError } from "../../base/errors.ts";

/** @param at the field, for the error. @throws INCOMPATIBLE */
export type Shape<T> = (value: unknown, at: string) => T;

export function text(lengthMax: number): Shape<string> {
  return (value, at) => (typeof value === "string" && value.length <= lengthMax ? value : refuse(at, `a text of at most ${lengthMax}`));
}

/** Of a message the beginning is enough. */
export function beginning(lengthMax: number): Shape<string> {
  return (value, at) => (typeof value === "string" ? value.slice(0, lengthMax) : refuse(at, "a text"));
}

export function matching(pattern: RegExp, wanted: string): Shape<string> {
  return (value, at) => (typeof value === "string" && pattern.test(value) ? value : refuse(at, wanted));
}

export function oneOf<const Choice extends string>(...choices: readonly Choice[]): Shape<Choice> {
  return (value, at) => choices.find((choice) => choice === value) ?? refuse(at, `one of ${choices.join(", ")}`);
}

/** From 0 to 2^53-1. */
export const count: Shape<number> = (value, at) => (Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : refuse(at, "a whole number"));

export const measure: Shape<number> = (value, at) => (typeof value === "number" && Number.isFinite(value) ? value : refuse(at, "a number"));

export const flag: Shape<boolean> = (value, at) => (typeof value === "boolean" ? value : refuse(at, "true or false"));

export function orNull<T>(shape: Shape<T>): Shape<T | null> {
  return (value, at) => (value === null ? null : shape(value, at));
}

export function listOf<T>(shape: Shape<T>, lengthMax: number): Shape<T[]> {
  return (value, at) => {
    if (!Array.isArray(value) || value.length > lengthMax) return refuse(at, `a list of at most ${lengthMax}`);
    return value.map((element: unknown, place) => shape(element, `${at}[${place}]`));
  };
}

export function record<Fields extends object>(shapes: { readonly [Key in keyof Fields]: Shape<Fields[Key]> }): Shape<Fields> {
  const fields = Object.entries(shapes) as [string, Shape<unknown>][];
  return (value, at) => {
    if (typeof value !== "object" || value === null) return refuse(at, "a record");
    const found = value as Readonly<Record<string, unknown>>;
    return Object.fromEntries(fields.map(([name, shape]) => [name, shape(found[name], `${at}.${name}`)])) as Fields;
  };
}

function refuse(at: string, wanted: string): never {
  throw new RaftctlError("INCOMPATIBLE", `its answer cannot be read: ${at} is not ${wanted}`, { hint: "raftctl version" });
}

// The text of a regular expression as a tree: what of ECMA-262 can be matched in time linear in the text (pattern.ts). Alternatives, groups, classes,
// repetition and the anchors of the whole text; no back references, no looking around, no word boundaries, no lazy repetition. By code points.

import { RaftctlError } from "../../base/errors.ts";

export const patternLengthMax = 512;
const repetitionMax = 1000;
const depthMax = 32;

export type PatternNode =
  | { readonly kind: "set"; readonly set: CharacterSet }
  | { readonly kind: "start" | "end" }
  | { readonly kind: "sequence" | "alternatives"; readonly parts: readonly PatternNode[] }
  | { readonly kind: "repeat"; readonly part: PatternNode; readonly min: number; readonly max: number };

/** Code points within one of the ranges (both ends included), or, when negated, in none of them. */
export interface CharacterSet {
  readonly ranges: readonly (readonly [number, number])[];
  readonly isNegated: boolean;
}

const digits = [[0x30, 0x39]] as const;
const word = [[0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]] as const;
const space = [[0x09, 0x0d], [0x20, 0x20], [0xa0, 0xa0], [0x1680, 0x1680], [0x2000, 0x200a], [0x2028, 0x2029], [0x202f, 0x202f], [0x205f, 0x205f], [0x3000, 0x3000], [0xfeff, 0xfeff]] as const;
const lineEnds = [[0x0a, 0x0a], [0x0d, 0x0d], [0x2028, 0x2029]] as const;
const classes: Readonly<Record<string, CharacterSet>> = {
  d: { ranges: digits, isNegated: false }, D: { ranges: digits, isNegated: true },
  w: { ranges: word, isNegated: false }, W: { ranges: word, isNegated: true },
  s: { ranges: space, isNegated: false }, S: { ranges: space, isNegated: true },
};
const controls: Readonly<Record<string, number>> = { t: 0x09, n: 0x0a, v: 0x0b, f: 0x0c, r: 0x0d };
const syntaxCharacters = new Set("^$\\.*+?()[]{}|/");

/** @throws INVALID_ARGUMENT naming what is not supported */
export function parsePattern(text: string): PatternNode {
  if (text.length > patternLengthMax) throw new RaftctlError("INVALID_ARGUMENT", `a pattern of ${text.length} characters (at most ${patternLengthMax})`);
  return new PatternParser(text).parse();
}

class PatternParser {
  readonly #text: string;
  readonly #characters: readonly string[];
  #next = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#characters = Array.from(text);
  }

  parse(): PatternNode {
    const node = this.#alternatives();
    if (this.#next < this.#characters.length) throw this.#refusal(`an unmatched ${this.#peek()}`);
    return node;
  }

  #alternatives(): PatternNode {
    this.#depth += 1;
    if (this.#depth > depthMax) throw this.#refusal(`more than ${depthMax} groups inside each other`);
    const parts = [this.#sequence()];
    while (this.#take("|")) parts.push(this.#sequence());
    this.#depth -= 1;
    return parts.length === 1 ? parts[0]! : { kind: "alternatives", parts };
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = [];
    for (let next = this.#peek(); next !== undefined && next !== "|" && next !== ")"; next = this.#peek()) parts.push(this.#repeated());
    return { kind: "sequence", parts };
  }

  #repeated(): PatternNode {
    const part = this.#atom();
    const bounds = this.#repetition();
    if (bounds === undefined) return part;
    if (part.kind === "start" || part.kind === "end") throw this.#refusal("a repeated anchor");
    if (this.#peek() === "?") throw this.#refusal("a lazy repetition (whether a text matches does not depend on it)");
    if (this.#repetition() !== undefined) throw this.#refusal("a repetition of a repetition");
    return { kind: "repeat", part, ...bounds };
  }

  #repetition(): { min: number; max: number } | undefined {
    if (this.#take("*")) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (this.#take("+")) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (this.#take("?")) return { min: 0, max: 1 };
    if (!this.#take("{")) return undefined;
    const min = this.#number();
    const max = this.#take(",") ? this.#peek() === "}" ? Number.POSITIVE_INFINITY : this.#number() : min;
    this.#expect("}");
    if (min > max) throw this.#refusal(`{${min},${max}}, whose bounds are the wrong way round`);
    return { min, max };
  }

  #number(): number {
    let digitsRead = "";
    while (/^[0-9]$/.test(this.#peek() ?? "") && digitsRead.length < 5) digitsRead += this.#advance();
    if (digitsRead === "" || Number(digitsRead) > repetitionMax) throw this.#refusal(`a repetition that is no number up to ${repetitionMax}`);
    return Number(digitsRead);
  }

  #atom(): PatternNode {
    const character = this.#advance();
    switch (character) {
      case "^": return { kind: "start" };
      case "$": return { kind: "end" };
      case ".": return { kind: "set", set: { ranges: lineEnds, isNegated: true } };
      case "(": return this.#group();
      case "[": return { kind: "set", set: this.#class() };
      case "\\": return { kind: "set", set: this.#escape() };
      default:
        if (syntaxCharacters.has(character) && character !== "/") throw this.#refusal(`${character} with nothing before it, or without its backslash`);
        return { kind: "set", set: one(character.codePointAt(0)!) };
    }
  }

  #group(): PatternNode {
    if (this.#take("?") && !this.#take(":")) throw this.#refusal(`(?${this.#peek() ?? ""}: only ( ) and (?: ) are groups`);
    const inside = this.#alternatives();
    this.#expect(")");
    return inside;
  }

  #class(): CharacterSet {
    const isNegated = this.#take("^");
    const ranges: (readonly [number, number])[] = [];
    while (!this.#take("]")) {
      const low = this.#classAtom();
      if (this.#peek() === "-" && this.#characters[this.#next + 1] !== "]") {
        this.#advance();
        const high = this.#classAtom();
        const from = low.ranges[0]![0];
        const to = high.ranges[0]![0];
        if (!isOne(low) || !isOne(high) || from > to) throw this.#refusal("a range whose ends are not two characters in order");
        ranges.push([from, to]);
      } else if (low.isNegated) throw this.#refusal("\\D, \\W or \\S inside of [ ]");
      else ranges.push(...low.ranges);
    }
    return { ranges, isNegated };
  }

  #classAtom(): CharacterSet {
    const character = this.#advance();
    return character === "\\" ? this.#escape() : one(character.codePointAt(0)!);
  }

  #escape(): CharacterSet {
    const character = this.#advance();
    const known = Object.hasOwn(classes, character) ? classes[character] : undefined;
    if (known !== undefined) return known;
    if (Object.hasOwn(controls, character)) return one(controls[character]!);
    if (syntaxCharacters.has(character) || character === "-") return one(character.codePointAt(0)!);
    if (character === "u") return one(this.#codeUnit());
    throw this.#refusal(`\\${character}`);
  }

  #codeUnit(): number {
    const hex = [0, 1, 2, 3].map(() => this.#advance()).join("");
    if (!/^[0-9A-Fa-f]{4}$/.test(hex)) throw this.#refusal("\\u without four hexadecimal digits");
    return Number.parseInt(hex, 16);
  }

  #peek(): string | undefined {
    return this.#characters[this.#next];
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#next += 1;
    return true;
  }

  #advance(): string {
    const character = this.#peek();
    if (character === undefined) throw this.#refusal("an end where more must follow");
    this.#next += 1;
    return character;
  }

  #expect(character: string): void {
    if (!this.#take(character)) throw this.#refusal(`no ${character} where one must be`);
  }

  #refusal(what: string): RaftctlError {
    return new RaftctlError("INVALID_ARGUMENT", `the pattern ${JSON.stringify(this.#text)} has ${what}, which is not supported here`, {
      hint: "docs/validation.md says what a pattern may have",
    });
  }
}

function one(codePoint: number): CharacterSet {
  return { ranges: [[codePoint, codePoint]], isNegated: false };
}

function isOne({ ranges, isNegated }: CharacterSet): boolean {
  return !isNegated && ranges.length === 1 && ranges[0]![0] === ranges[0]![1];
}

// Regular expressions that no text can make slow. A pattern becomes a small program whose threads all read the same character at the same time (Thompson,
// Programming Techniques: Regular expression search algorithm, 1968): the work for a text is at most its characters times the steps of the program, whatever
// the text is, where a matcher that tries one way after the other can need exponentially many. The work is counted, so that whoever asks can bound it.

import { RaftctlError } from "../../base/errors.ts";
import { type CharacterSet, parsePattern, type PatternNode } from "./pattern-syntax.ts";

export const patternStepsMax = 2_000;

type Step =
  | { readonly kind: "set"; readonly set: CharacterSet }
  | { readonly kind: "start" | "end" | "match" }
  /** Goes on at all of these. */
  | { readonly kind: "jump"; readonly targets: number[] };

/** What may still be spent; a match that would need more is not made. */
export interface WorkBudget {
  left: number;
}

export class Pattern {
  readonly #steps: Step[] = [];
  /** When a step was last put among the threads: at which turn. */
  readonly #seen: Float64Array;
  #turn = 0;

  /** @throws INVALID_ARGUMENT for a syntax that is not supported, or a program above its bound */
  constructor(text: string) {
    this.#compile(parsePattern(text), text);
    this.#add({ kind: "match" }, text);
    this.#seen = new Float64Array(this.#steps.length);
  }

  /** Whether it matches anywhere in the text; undefined when the budget does not suffice to tell. */
  matches(text: string, budget: WorkBudget): boolean | undefined {
    let threads: number[] = [];
    const characters = codePoints(text);
    for (let position = 0; position <= characters.length; position += 1) {
      this.#turn += 1;
      const edges = { isStart: position === 0, isEnd: position === characters.length };
      const active: number[] = [];
      // It may begin at every place.
      for (const thread of [...threads, 0]) if (this.#follow(thread, edges, active)) return true;
      budget.left -= active.length + 1;
      if (budget.left < 0) return undefined;
      if (edges.isEnd) return false;
      threads = this.#advance(active, characters[position]!);
    }
    return false;
  }

  /** To the steps that read a character, by way of those that do not; true when the match is one of them. */
  #follow(from: number, edges: { readonly isStart: boolean; readonly isEnd: boolean }, active: number[]): boolean {
    const open = [from];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (this.#seen[at] === this.#turn) continue;
      this.#seen[at] = this.#turn;
      const step = this.#steps[at]!;
      if (step.kind === "match") return true;
      if (step.kind === "set") active.push(at);
      else if (step.kind === "jump") open.push(...step.targets);
      else if (step.kind === "start" ? edges.isStart : edges.isEnd) open.push(at + 1);
    }
    return false;
  }

  #advance(active: readonly number[], character: number): number[] {
    const threads: number[] = [];
    for (const at of active) {
      const step = this.#steps[at]!;
      if (step.kind === "set" && contains(step.set, character)) threads.push(at + 1);
    }
    return threads;
  }

  #compile(node: PatternNode, text: string): void {
    switch (node.kind) {
      case "sequence":
        for (const part of node.parts) this.#compile(part, text);
        return;
      case "alternatives":
        return this.#compileAlternatives(node.parts, text);
      case "repeat":
        return this.#compileRepeat(node, text);
      default:
        this.#add(node, text);
    }
  }

  #compileAlternatives(parts: readonly PatternNode[], text: string): void {
    const fork = this.#jump(text);
    const ends: number[][] = [];
    for (const part of parts) {
      fork.push(this.#steps.length);
      this.#compile(part, text);
      ends.push(this.#jump(text));
    }
    for (const end of ends) end.push(this.#steps.length);
  }

  #compileRepeat({ part, min, max }: Extract<PatternNode, { kind: "repeat" }>, text: string): void {
    for (let times = 0; times < min; times += 1) this.#compile(part, text);
    if (max === Number.POSITIVE_INFINITY) {
      const start = this.#steps.length;
      const fork = this.#jump(text);
      fork.push(this.#steps.length);
      this.#compile(part, text);
      this.#jump(text).push(start);
      fork.push(this.#steps.length);
      return;
    }
    const forks: number[][] = [];
    for (let times = min; times < max; times += 1) {
      const fork = this.#jump(text);
      fork.push(this.#steps.length);
      forks.push(fork);
      this.#compile(part, text);
    }
    for (const fork of forks) fork.push(this.#steps.length);
  }

  /** @returns the targets, to be filled in */
  #jump(text: string): number[] {
    const targets: number[] = [];
    this.#add({ kind: "jump", targets }, text);
    return targets;
  }

  #add(step: Step, text: string): void {
    if (this.#steps.length >= patternStepsMax) {
      throw new RaftctlError("INVALID_ARGUMENT", `the pattern ${JSON.stringify(text)} is too large: with its repetitions written out it has more than ${patternStepsMax} steps`);
    }
    this.#steps.push(step);
  }
}

function contains({ ranges, isNegated }: CharacterSet, character: number): boolean {
  return ranges.some(([low, high]) => low <= character && character <= high) !== isNegated;
}

function codePoints(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0)!);
}

// The smallest part of a violated key's history that shows the violation. Every reduction is a relaxation, so what is left over is illegal whatever the
// rest did: cut off behind the first answer that made it illegal; begin at the latest write whose own answer tells what the key held behind it; leave out
// reads; treat writes as open, free to take effect at any time after their call or never. Open operations that are not needed are not shown; the writes
// whose values the others saw always are. Deterministic, and bounded: what the effort did not suffice to prove needless stays in.

import type { Completed } from "./history.ts";
import { KeySearch } from "./key-search.ts";
import type { Stuck } from "./key-search.ts";
import { defaultConfigurationsMax, explain } from "./linearizability.ts";
import { operationText } from "./operation-text.ts";
import { stepsOf } from "./register.ts";

export interface Window {
  /** In the order of their calls. */
  readonly operations: readonly Completed[];
  /** Of the same key, and not needed to see it. */
  readonly omitted: number;
  readonly explanation: string;
}

interface Part {
  readonly operations: readonly Completed[];
  /** One of them; see register.ts. */
  readonly anchor: Completed | undefined;
}

const configurationsMaxPerTrial = 10_000;
const effortMax = 10_000_000;

/** @param operations all of one key whose history is violated. */
export function smallestWindow(operations: readonly Completed[]): Window {
  const trials = new Trials();
  const ordered = operations.toSorted((left, right) => left.called - right.called);
  let part: Part = { operations: ordered.filter(constrains), anchor: undefined };
  part = withoutEnd(part, trials);
  part = withoutBeginning(part, trials);
  part = withoutEach(part, trials, (item) => isObservation(item), () => []);
  part = withoutEach(part, trials, (item) => item.outcome === "ok" && !isObservation(item), (item) => [opened(item)]);
  const stuck = proof(part);
  const shown = readable(evidence(stuck, part, ordered), ordered);
  return { operations: shown, omitted: operations.length - shown.length, explanation: explainWithin(stuck, ordered) };
}

/** For a value that was not there to be seen, at no time and whatever else happened, the one who saw it is enough. */
function evidence({ item, isUnwritten }: Stuck, part: Part, all: readonly Completed[]): readonly Completed[] {
  const isImpossible = isUnwritten && !all.some((writer) => isWriterOf(writer, item) && writer.outcome !== "failed" && writer.called < item.returned!);
  return isImpossible ? [item] : part.operations;
}

function isWriterOf({ operation }: Completed, reader: Completed): boolean {
  return "value" in operation && operation.value === reader.output?.value;
}

class Trials {
  #effortLeft = effortMax;

  /** Undecided is not illegal. */
  isIllegal({ operations, anchor }: Part): boolean {
    if (this.#effortLeft <= 0) return false;
    const search = new KeySearch(stepsOf(operations, anchor), configurationsMaxPerTrial);
    const verdict = search.run();
    this.#effortLeft -= search.effort + operations.length;
    return verdict === "violated";
  }
}

/** Where the search gets stuck in a part that is illegal. */
function proof({ operations, anchor }: Part): Stuck {
  const search = new KeySearch(stepsOf(operations, anchor), defaultConfigurationsMax);
  search.run();
  return search.stuck;
}

/** A value that nobody wrote in the window may have been written outside of it, and that says more. */
function explainWithin(stuck: Stuck, all: readonly Completed[]): string {
  const { item, isUnwritten } = stuck;
  const writer = isUnwritten ? all.find((other) => isWriterOf(other, item)) : undefined;
  if (writer === undefined) return explain(stuck);
  const why = writer.outcome === "failed" ? "whose write had failed for certain"
    : writer.called > item.returned! ? "before it was written" : "that had been overwritten or deleted before";
  return `${operationText(item)} saw a value ${why}: ${operationText(writer)}`;
}

function constrains({ outcome, operation }: Completed): boolean {
  return outcome === "ok" || (outcome === "unknown" && operation.kind !== "get");
}

/** Told that it changed nothing: without it there is one demand less. */
function isObservation({ outcome, operation, output }: Completed): boolean {
  if (outcome !== "ok") return false;
  return operation.kind === "get" || output?.applied === false || output?.found === false || output?.ended === true;
}

/** Its effect at any time after the call, or never: whatever it was told is forgotten. */
function opened(item: Completed): Completed {
  return { ...item, outcome: "unknown", output: undefined, returned: undefined };
}

/** Linearizability is closed under prefixes, so the first answer that made the history illegal is found by halving. */
function withoutEnd(part: Part, trials: Trials): Part {
  const ends = part.operations.flatMap((item) => (item.outcome === "ok" && item.returned !== undefined ? [item.returned] : [])).sort((left, right) => left - right);
  let [legal, illegal] = [-1, ends.length - 1];
  let shortest = part;
  while (illegal - legal > 1) {
    const middle = (legal + illegal) >> 1;
    const candidate = { ...part, operations: until(part.operations, ends[middle]!) };
    if (trials.isIllegal(candidate)) [illegal, shortest] = [middle, candidate];
    else legal = middle;
  }
  return shortest === part ? { ...part, operations: until(part.operations, ends.at(-1) ?? 0) } : shortest;
}

function until(operations: readonly Completed[], end: number): Completed[] {
  return operations.filter((item) => item.called <= end && (item.operation.kind !== "get" || hasReturnedBy(item, end)))
    .map((item) => (hasReturnedBy(item, end) || item.outcome !== "ok" ? item : opened(item)));
}

function hasReturnedBy(item: Completed, end: number): boolean {
  return item.returned !== undefined && item.returned <= end;
}

/** The later the anchor, the weaker the demand: steps that double, and then halving. */
function withoutBeginning(part: Part, trials: Trials): Part {
  const anchors = anchorsOf(part.operations);
  const at = (place: number): Part => beginningAt(part.operations, anchors[place]!);
  let legal = anchors.length;
  let found: Part | undefined;
  let illegal = -1;
  for (let distance = 1; found === undefined && distance < 2 * anchors.length; distance *= 2) {
    const place = Math.max(0, anchors.length - distance);
    const candidate = at(place);
    if (trials.isIllegal(candidate)) [illegal, found] = [place, candidate];
    else legal = place;
  }
  if (found === undefined) return part;
  while (legal - illegal > 1) {
    const middle = (legal + illegal) >> 1;
    const candidate = at(middle);
    if (trials.isIllegal(candidate)) [illegal, found] = [middle, candidate];
    else legal = middle;
  }
  return found;
}

/** Writes whose answer alone tells what the key held behind them, by return. */
function anchorsOf(operations: readonly Completed[]): Completed[] {
  const countsVersions = operations.some(({ operation, output }) => output?.version !== undefined || (operation.kind === "putIf" && "version" in operation.condition));
  const hasLease = operations.some(({ operation }) => operation.kind === "revoke" || operation.kind === "expire");
  return operations.filter(({ outcome, operation, output }) => {
    if (outcome !== "ok" || operation.kind === "get" || output?.ended === true) return false;
    if (operation.kind === "revoke") return true;
    if (operation.kind === "delete") return !hasLease || output?.found === true;
    return (operation.kind === "put" || output?.applied === true) && (!countsVersions || output?.version !== undefined);
  }).sort((left, right) => left.returned! - right.returned!);
}

/** What returned before the anchor was called is history; what overlaps it may have happened on either side of it. */
function beginningAt(operations: readonly Completed[], anchor: Completed): Part {
  const kept = operations.flatMap((item) => {
    if (item === anchor || item.called > anchor.returned!) return [item];
    if (hasReturnedBy(item, anchor.called) || isObservation(item)) return [];
    return [opened(item)];
  });
  return { operations: kept, anchor };
}

/** Oldest first: each operation that is chosen is replaced, as long as what is left stays illegal. */
function withoutEach(part: Part, trials: Trials, isChosen: (item: Completed) => boolean, replace: (item: Completed) => Completed[]): Part {
  let current = part;
  for (const item of part.operations) {
    if (item === part.anchor || !isChosen(item)) continue;
    const candidate = { ...current, operations: current.operations.flatMap((other) => (other === item ? replace(item) : [other])) };
    if (trials.isIllegal(candidate)) current = candidate;
  }
  return current;
}

/** Without open operations but the end of the lease, and with every write whose value it saw: also one that failed, for that is then the violation. */
function readable(operations: readonly Completed[], all: readonly Completed[]): Completed[] {
  const closed = new Set(operations.filter((item) => item.outcome === "ok" || item.operation.kind === "expire"));
  const seen = new Set([...closed].flatMap(valuesSeen));
  return all.filter((item) => closed.has(item) || ("value" in item.operation && seen.has(item.operation.value)));
}

function valuesSeen({ operation, output }: Completed): string[] {
  const condition = operation.kind === "putIf" && "value" in operation.condition ? [operation.condition.value] : [];
  return output?.value === undefined ? condition : [...condition, output.value];
}

// The model that a history of one key is held against: a register that is absent or holds a value with a version. Versions count the puts since the
// key was created, from 1; a delete makes it absent; a conditional put writes when its condition holds and else changes nothing. A key that hangs on a lease
// has one more state, which it never leaves: the lease has ended. Operations are translated once into steps with numbers in place of values, so that the
// search compares numbers.

import type { Completed, Condition, Output } from "./history.ts";

/** Numbers stand for values; 0 for the absent key. */
const absent = 0;
/** The absent key whose lease has ended. */
export const ended = -3;
/** For all values that no operation looks for. */
const unseen = 1;
/** Values that are read and that nobody wrote: no register ever holds them. */
const neverWritten = -2;
const untold = -1;

export interface Step {
  readonly item: Completed;
  /** It never returned: it may take effect at any time after its call, or never. */
  readonly isOpen: boolean;
  /** What it leaves in the register, when it writes. */
  readonly written: number;
  /** Of a get: what it saw. */
  readonly seen: number;
  readonly version: number;
  readonly found: boolean | undefined;
  readonly applied: boolean | undefined;
  /** It was refused because the lease had ended. */
  readonly isRefused: boolean;
  readonly isTorn: boolean;
  /** By value or version. */
  readonly wanted: number;
  /** Its answer alone says what the register holds behind it, whatever was there before. */
  readonly isAnchor: boolean;
}

export interface Register {
  value: number;
  version: number;
}

/** The step cannot come next here, or, being open, it would make no difference. */
export const impossible = 0;
/** It fits here, and by its answer it changes nothing wherever it stands. */
export const observed = 1;
/** It fits here; elsewhere it may do something else. */
export const taken = 2;
export type Effect = typeof impossible | typeof observed | typeof taken;

/** Steps of one key in the order of their calls. */
export interface KeySteps {
  readonly steps: readonly Step[];
  /** A read, answered, of what nobody wrote, or an answer that shows a transaction in part: no order explains it. */
  readonly unexplained: Step | undefined;
}

/** @param anchor one of the operations; see Step. */
export function stepsOf(operations: readonly Completed[], anchor?: Completed): KeySteps {
  const relevant = constraining(operations).sort((left, right) => left.called - right.called);
  const numbers = numbersOfValues(relevant);
  let unexplained: Step | undefined;
  const steps = relevant.map((item) => {
    const step = stepOf(item, numbers, item === anchor);
    if (step.seen === neverWritten || step.isTorn) unexplained ??= step;
    return step;
  });
  return { steps, unexplained };
}

/** Values that nobody looks for are all the same: what holds one of them holds something else than every value that somebody looks for. */
function numbersOfValues(operations: readonly Completed[]): Map<string, number> {
  const lookedFor = new Set<string | undefined>();
  for (const { operation, output } of operations) {
    lookedFor.add(output?.value);
    if (operation.kind === "putIf" && "value" in operation.condition) lookedFor.add(operation.condition.value);
  }
  const numbers = new Map<string, number>();
  for (const { operation } of operations) {
    if (!("value" in operation) || numbers.has(operation.value)) continue;
    numbers.set(operation.value, lookedFor.has(operation.value) ? unseen + numbers.size + 1 : unseen);
  }
  return numbers;
}

/**
 * What failed for certain and reads without an answer constrain nothing. Neither does a put of unknown fate whose value nobody read, as long as
 * no other operation could have noticed it: a witness with it stays one without it.
 */
function constraining(operations: readonly Completed[]): Completed[] {
  const relevant = operations.filter((item) => item.outcome !== "failed" && !(item.outcome === "unknown" && item.operation.kind === "get"));
  if (!relevant.some(isOpenPut) || relevant.some(notices)) return relevant;
  const read = new Set(relevant.map((item) => item.output?.value));
  return relevant.filter((item) => !isOpenPut(item) || read.has((item.operation as { value: string }).value));
}

function isOpenPut(item: Completed): boolean {
  return item.outcome === "unknown" && item.operation.kind === "put";
}

function notices({ operation, output }: Completed): boolean {
  return operation.kind === "putIf" || output?.version !== undefined || output?.found !== undefined;
}

const nothingTold: Output = {};

function stepOf(item: Completed, numbers: ReadonlyMap<string, number>, isAnchor: boolean): Step {
  const { operation } = item;
  const isOpen = item.outcome === "unknown" || item.returned === undefined;
  const output = (isOpen ? undefined : item.output) ?? nothingTold;
  const writes = operation.kind === "put" || operation.kind === "putIf";
  return {
    item, isOpen, isAnchor,
    written: writes ? numbers.get(operation.value)! : absent,
    seen: output.value === undefined ? absent : numbers.get(output.value) ?? neverWritten,
    version: output.version ?? untold,
    found: output.found,
    applied: output.applied,
    isRefused: output.ended === true,
    isTorn: output.torn !== undefined,
    wanted: operation.kind === "putIf" ? wantedBy(operation.condition, numbers) : absent,
  };
}

function wantedBy(condition: Condition, numbers: ReadonlyMap<string, number>): number {
  if ("absent" in condition) return absent;
  return "version" in condition ? condition.version : numbers.get(condition.value) ?? neverWritten;
}

/** Lets the step take effect on `register`, unless it cannot have had its answer there. */
export function takeEffect(register: Register, step: Step): Effect {
  if (step.isAnchor) return takeAnchor(register, step);
  if (register.value === ended) return takeBehindTheEnd(step);
  if (step.isRefused) return impossible;
  switch (step.item.operation.kind) {
    case "get":
      return step.seen === register.value && agrees(step.version, register.version) ? observed : impossible;
    case "put":
      return agrees(step.version, register.version + 1) ? set(register, step.written, register.version + 1) : impossible;
    case "delete":
      return takeDelete(register, step);
    case "putIf":
      return takePutIf(register, step, step.item.operation.condition);
    case "revoke":
    case "expire":
      return step.found === false ? impossible : set(register, ended, 0);
  }
}

function takeAnchor(register: Register, step: Step): Effect {
  const { kind } = step.item.operation;
  if (kind === "revoke") return set(register, ended, 0);
  return set(register, step.written, kind === "delete" ? 0 : Math.max(0, step.version));
}

/** The key is absent and stays so, and a put does nothing: it is told that the lease has ended, or, where that is looked at first, that its condition does not hold. */
function takeBehindTheEnd(step: Step): Effect {
  const { operation } = step.item;
  switch (operation.kind) {
    case "get":
      return step.seen === absent && agrees(step.version, 0) ? observed : impossible;
    case "put":
      return step.isRefused ? observed : impossible;
    case "putIf":
      if (step.isRefused) return observed;
      return step.applied !== true && !holdsWhenAbsent(step, operation.condition) && agrees(step.version, 0) ? without(step, step.applied) : impossible;
    case "delete":
    case "revoke":
      return step.found === true ? impossible : without(step, step.found);
    case "expire":
      return impossible;
  }
}

function holdsWhenAbsent(step: Step, condition: Condition): boolean {
  return "absent" in condition || ("version" in condition && step.wanted === 0);
}

function takeDelete(register: Register, step: Step): Effect {
  const isThere = register.value !== absent;
  if (step.found !== undefined && step.found !== isThere) return impossible;
  return isThere ? set(register, absent, 0) : without(step, step.found);
}

function takePutIf(register: Register, step: Step, condition: Condition): Effect {
  const holds = "absent" in condition ? register.value === absent
    : step.wanted === ("version" in condition ? register.version : register.value);
  if (step.applied !== undefined && step.applied !== holds) return impossible;
  if (!agrees(step.version, holds ? register.version + 1 : register.version)) return impossible;
  return holds ? set(register, step.written, register.version + 1) : without(step, step.applied);
}

/** It changes nothing here. @param told whether it did, if it was told. */
function without(step: Step, told: boolean | undefined): Effect {
  if (told === false) return observed;
  return step.isOpen ? impossible : taken;
}

function agrees(told: number, actual: number): boolean {
  return told === untold || told === actual;
}

function set(register: Register, value: number, version: number): Effect {
  register.value = value;
  register.version = version;
  return taken;
}

// Decides whether a history of one register per key is linearizable: the search of Wing & Gong with Lowe's memory of configurations that were
// already tried, key by key. Operations whose fate is unknown may take effect at any time after their call, or never. Exact: a configuration
// is remembered as what it is, not as a hash. A budget of configurations makes it end; used up, the verdict is "undecided", which is no pass.

import type { Completed, Operation } from "./history.ts";

export type Verdict =
  | { readonly verdict: "linearizable"; readonly operations: number }
  | { readonly verdict: "violated"; readonly key: string; readonly explanation: string }
  | { readonly verdict: "undecided"; readonly key: string };

/** What the register holds. Versions count puts since the key was created, from 1. */
interface Register {
  readonly value: string | undefined;
  readonly version: number;
}

const absent: Register = { value: undefined, version: 0 };

/** @param configurationsMax per key; 2 million take about two seconds and half a gigabyte. */
export function checkLinearizability(history: readonly Completed[], configurationsMax = 2_000_000): Verdict {
  const keys = Map.groupBy(history, (operation) => operation.key);
  for (const [key, operations] of keys) {
    const verdict = new KeySearch(constraining(operations), configurationsMax).run();
    if (verdict === "undecided") return { verdict, key };
    if (verdict !== "linearizable") return { verdict: "violated", key, explanation: verdict };
  }
  return { verdict: "linearizable", operations: history.length };
}

/**
 * What failed for certain and reads without an answer constrain nothing. Neither does a put of unknown fate whose value nobody read, as long as
 * no other operation could have noticed it: a witness with it stays one without it.
 */
function constraining(operations: readonly Completed[]): Completed[] {
  const relevant = operations.filter((item) => item.outcome !== "failed" && !(item.outcome === "unknown" && item.operation.kind === "get"));
  const noticed = relevant.some((item) => item.operation.kind === "putIf" || item.output?.version !== undefined || item.output?.found !== undefined);
  if (noticed) return relevant;
  const read = new Set(relevant.flatMap((item) => (item.operation.kind === "get" && item.output?.value !== undefined ? [item.output.value] : [])));
  return relevant.filter((item) => item.outcome !== "unknown" || item.operation.kind !== "put" || read.has(item.operation.value));
}

/** The register after the operation, or undefined when the operation cannot have had this answer here. */
function step(register: Register, item: Completed): Register | undefined {
  const { operation, output } = item;
  switch (operation.kind) {
    case "get":
      return output?.value === register.value && (output?.version === undefined || output.version === register.version) ? register : undefined;
    case "put":
      return written(register, operation.value, output?.version);
    case "delete":
      return output?.found === undefined || output.found === (register.value !== undefined) ? absent : undefined;
    case "putIf": {
      const holds = conditionHolds(register, operation);
      if (item.outcome === "ok" && output?.applied !== holds) return undefined;
      return holds ? written(register, operation.value, output?.version) : register;
    }
  }
}

function written(register: Register, value: string, version: number | undefined): Register | undefined {
  const next = { value, version: register.version + 1 };
  return version === undefined || version === next.version ? next : undefined;
}

function conditionHolds(register: Register, { condition }: Extract<Operation, { kind: "putIf" }>): boolean {
  if ("absent" in condition) return register.value === undefined;
  return "value" in condition ? register.value === condition.value : register.version === condition.version;
}

/** A call or a return in the list of events; a lifted operation has both taken out. */
interface Node {
  readonly item: Completed;
  readonly rank: number;
  /** undefined: this node is the return itself, or the operation is open and never returns. */
  readonly returned: Node | undefined;
  readonly isCall: boolean;
  previous: Node | undefined;
  next: Node | undefined;
}

interface Frame {
  readonly node: Node;
  readonly register: Register;
  readonly low: number;
}

class KeySearch {
  readonly #head: Node;
  readonly #configurationsMax: number;
  readonly #seen = new Set<string>();
  readonly #stack: Frame[] = [];
  /** By rank among the closed operations: is it placed? */
  readonly #placed: boolean[];
  /** Ranks of open operations that are placed, in order. */
  #openPlaced: number[] = [];
  /** Every closed operation below this rank is placed. */
  #low = 0;
  #high = -1;
  #closedLeft: number;
  #register: Register = absent;
  #deepest = 0;
  #explanation = "";

  constructor(operations: readonly Completed[], configurationsMax: number) {
    const { head, closed } = eventList(operations);
    this.#head = head;
    this.#closedLeft = closed;
    this.#placed = Array.from({ length: closed }, () => false);
    this.#configurationsMax = configurationsMax;
  }

  run(): string {
    let node = this.#head.next;
    while (this.#closedLeft > 0) {
      if (node === undefined || !node.isCall) {
        this.#note(node);
        const frame = this.#stack.pop();
        if (frame === undefined) return this.#explanation;
        this.#putBack(frame);
        node = frame.node.next;
      } else if (this.#place(node)) {
        if (this.#seen.size > this.#configurationsMax) return "undecided";
        node = this.#head.next;
      } else {
        node = node.next;
      }
    }
    return "linearizable";
  }

  /** Takes the operation as the next one in the order, unless its answer forbids it or the configuration was tried before. */
  #place(node: Node): boolean {
    const next = step(this.#register, node.item);
    if (next === undefined) return false;
    const frame = { node, register: this.#register, low: this.#low };
    this.#mark(node, true);
    this.#register = next;
    const configuration = this.#configuration();
    if (this.#seen.has(configuration)) {
      this.#unmark(frame);
      return false;
    }
    this.#seen.add(configuration);
    lift(node);
    this.#stack.push(frame);
    return true;
  }

  #putBack(frame: Frame): void {
    unlift(frame.node);
    this.#unmark(frame);
  }

  #unmark(frame: Frame): void {
    this.#mark(frame.node, false);
    this.#register = frame.register;
    this.#low = frame.low;
  }

  #mark(node: Node, placed: boolean): void {
    if (node.returned === undefined) {
      this.#openPlaced = placed ? [...this.#openPlaced, node.rank].toSorted((left, right) => left - right)
        : this.#openPlaced.filter((rank) => rank !== node.rank);
      return;
    }
    this.#placed[node.rank] = placed;
    this.#closedLeft += placed ? -1 : 1;
    if (!placed) return;
    this.#high = Math.max(this.#high, node.rank);
    while (this.#placed[this.#low] === true) this.#low += 1;
  }

  #configuration(): string {
    let beyond = "";
    for (let rank = this.#low + 1; rank <= this.#high; rank += 1) if (this.#placed[rank] === true) beyond += `,${rank}`;
    return `${this.#low}${beyond}|${this.#openPlaced.join(",")}|${this.#register.version}|${this.#register.value ?? ""}`;
  }

  /** Remembers the point at which the search got stuck with the most operations in order. */
  #note(node: Node | undefined): void {
    if (this.#stack.length < this.#deepest || node === undefined) return;
    this.#deepest = this.#stack.length;
    const last = this.#stack.slice(-3).map((frame) => describe(frame.node.item)).join(", ");
    this.#explanation = `no place for ${describe(node.item)} when the register holds ${JSON.stringify(this.#register.value ?? null)}`
      + (last === "" ? "" : ` after ${last}`);
  }
}

function describe(item: Completed): string {
  return `${item.process} ${JSON.stringify(item.operation)} -> ${JSON.stringify(item.output ?? item.outcome)} [${item.called}, ${item.returned ?? "open"}]`;
}

function eventList(operations: readonly Completed[]): { head: Node; closed: number } {
  const events: { time: number; node: Node }[] = [];
  let [closed, open] = [0, 0];
  for (const item of operations.toSorted((left, right) => left.called - right.called)) {
    const isOpen = item.outcome === "unknown" || item.returned === undefined;
    const rank = isOpen ? open++ : closed++;
    const links = { item, rank, previous: undefined, next: undefined };
    const end: Node | undefined = isOpen ? undefined : { ...links, returned: undefined, isCall: false };
    events.push({ time: item.called, node: { ...links, returned: end, isCall: true } });
    if (end !== undefined) events.push({ time: item.returned!, node: end });
  }
  events.sort((left, right) => left.time - right.time);
  const head: Node = { item: operations[0]!, rank: -1, returned: undefined, isCall: false, previous: undefined, next: undefined };
  let last = head;
  for (const { node } of events) {
    last.next = node;
    node.previous = last;
    last = node;
  }
  return { head, closed };
}

function lift(node: Node): void {
  for (const part of [node, node.returned]) {
    if (part === undefined) continue;
    part.previous!.next = part.next;
    if (part.next !== undefined) part.next.previous = part.previous;
  }
}

function unlift(node: Node): void {
  for (const part of [node.returned, node]) {
    if (part === undefined) continue;
    part.previous!.next = part;
    if (part.next !== undefined) part.next.previous = part;
  }
}

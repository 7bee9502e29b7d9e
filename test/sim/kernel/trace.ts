// What happened, one line per event in fixed columns, and a hash over all lines: equal seeds give equal hashes, on every machine.
//
//    time in ms    event  who    what                 details
//      1042.113     3817  n2     roleChanged          candidate of term 4: no leader was heard in time

export class Trace {
  readonly #clock: { readonly now: number; readonly events: number };
  readonly #onLine: ((line: string) => void) | undefined;
  #low = 0x811c9dc5;
  #high = 0x9dc5811c;

  constructor(clock: { readonly now: number; readonly events: number }, onLine: ((line: string) => void) | undefined) {
    this.#clock = clock;
    this.#onLine = onLine;
  }

  /** 16 hexadecimal digits. */
  get hash(): string {
    return hex(this.#high) + hex(this.#low);
  }

  record(who: string, what: string, details: string): void {
    const { now, events } = this.#clock;
    this.#mix(events);
    this.#mix(Math.round(now * 1000));
    this.#mixText(who);
    this.#mixText(what);
    this.#mixText(details);
    if (this.#onLine !== undefined) this.#print(who, what, details);
  }

  #print(who: string, what: string, details: string): void {
    const { now, events } = this.#clock;
    this.#onLine!(`${now.toFixed(3).padStart(12)}  ${String(events).padStart(7)}  ${who.padEnd(5)}  ${what.padEnd(19)}  ${details}`.trimEnd());
  }

  /** Part of the hash and of nothing else: what a process has come to. */
  step(term: number, commitIndex: number, lastIndex: number): void {
    this.#mix(Math.round(this.#clock.now * 1000));
    this.#mix(term);
    this.#mix(commitIndex);
    this.#mix(lastIndex);
  }

  /** For people only: told when somebody reads the trace, and never part of the hash. */
  note(who: string, what: string, details: () => string): void {
    if (this.#onLine !== undefined) this.#print(who, what, details());
  }

  #mix(value: number): void {
    this.#low = Math.imul(this.#low ^ (value | 0), 0x01000193);
    this.#high = Math.imul(this.#high ^ this.#low ^ (this.#low >>> 15), 0x85ebca6b);
  }

  #mixText(text: string): void {
    for (let position = 0; position < text.length; position += 1) this.#low = Math.imul(this.#low ^ text.charCodeAt(position), 0x01000193);
    this.#mix(text.length);
  }
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}

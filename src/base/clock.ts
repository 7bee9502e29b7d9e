// Time as a port. Below the line nothing reads a clock or arms a timer by itself: whoever needs time gets a Clock in its constructor, a real
// one (platform/system-clock.ts) or a simulated one.

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds on a monotonic clock with an arbitrary origin; never goes back. For every timeout and every measurement. */
  now(): number;
  /** Milliseconds since 1970. For people only: never decides anything and is never replicated unless a log entry carries it. */
  wallNow(): number;
  /** Calls once when `now() >= time`. A time in the past fires in a later turn, never synchronously. */
  at(time: number, call: () => void): Timer;
  /** Calls once at the end of this turn of the event loop, after the input that is already there has been read. */
  endOfTurn(call: () => void): void;
  /** Calls once in a later turn, when the loop has looked for new input: for work that goes on for long, between two of its steps. */
  nextTurn(call: () => void): void;
}

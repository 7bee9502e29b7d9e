// `raftctl lock` and `raftctl elect`: wait for the turn, run the command while it lasts or hold it until a signal comes, and give it back.

import { constants } from "node:os";
import { RaftctlError, toRaftctlError } from "../../base/errors.ts";
import type { Lock } from "../../client/lock.ts";
import { defaultTtlMs, type LockOptions } from "../../client/turn.ts";
import { guardedSignals, type GuardedSignal } from "./guard-channel.ts";
import { runGuarded } from "./guarded-command.ts";
import type { TurnFlags } from "./turn-flags.ts";

/** Below that there is no time to ask a command to end before it is killed. */
const ttlMsMin = 1_000;

export interface HoldingDocument {
  state: "held" | "released";
  name: string;
  key: string;
  /** The fencing token. */
  token: string;
  /** What others see. */
  value: string;
  /** Of the command that was run, once it has ended: 128+n for a signal. */
  exitCode?: number;
}

export interface Holding {
  /** What is run meanwhile; empty: nothing. */
  readonly words: readonly string[];
  /** RAFTCTL_LOCK_ or RAFTCTL_ELECTION_. */
  readonly variables: string;
  readonly output: "inherit" | 2;
  readonly options: { readonly ttlMs: number; readonly waitMs: number | undefined };
  readonly take: (options: LockOptions) => Promise<Lock>;
  /** Called once, when it is held. */
  readonly held: (document: HoldingDocument) => void;
}

export interface Held {
  /** undefined: interrupted while it waited. */
  readonly document: HoldingDocument | undefined;
  readonly exit: number;
}

export interface TurnWords {
  readonly flags: TurnFlags;
  /** Those behind "--". */
  readonly words: readonly string[];
  /** How many words there are besides flags, those behind "--" included. */
  readonly given: number;
  /** What stands before "--". */
  readonly wanted: readonly string[];
}

/** @throws USAGE */
export function holdingOf({ flags: { ttl = defaultTtlMs, wait }, words, given, wanted }: TurnWords): Pick<Holding, "words" | "options"> {
  const missing = wanted.slice(given - words.length);
  if (missing.length > 0) throw new RaftctlError("USAGE", `missing argument: ${missing.join(" ")}`);
  if (given - words.length > wanted.length) throw new RaftctlError("USAGE", "too many words: the command to run stands behind --");
  if (!Number.isInteger(ttl) || ttl < ttlMsMin) throw new RaftctlError("USAGE", `--ttl ${ttl}ms (want 1s at least, in whole milliseconds)`);
  return { words, options: { ttlMs: ttl, waitMs: wait } };
}

/** @throws LOCKED when the wait is over, LEASE_NOT_FOUND when it was lost meanwhile, and then nothing of the command runs any more */
export async function hold(holding: Holding): Promise<Held> {
  using interruption = new Interruption();
  const lock = await takeUnlessInterrupted(holding, interruption);
  if (lock === undefined) return { document: undefined, exit: interruption.exit };
  await using _released = lock;
  if (interruption.signal.aborted) return { document: undefined, exit: interruption.exit };
  holding.held(documentOf(lock, "held"));
  if (holding.words.length === 0) {
    await untilInterrupted(lock, interruption);
    return { document: documentOf(lock, "released"), exit: 0 };
  }
  const exitCode = await runWhileHeld(lock, holding);
  return { document: { ...documentOf(lock, "released"), exitCode }, exit: exitCode };
}

async function takeUnlessInterrupted({ take, options }: Holding, { signal }: Interruption): Promise<Lock | undefined> {
  try {
    return await take({ ...options, signal });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

async function untilInterrupted(lock: Lock, { signal }: Interruption): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const end of [signal, lock.lost]) end.addEventListener("abort", () => resolve(), { once: true });
    if (signal.aborted || lock.lost.aborted) resolve();
  });
  if (lock.lost.aborted && !signal.aborted) throw lostError(lock, "");
}

async function runWhileHeld(lock: Lock, { words, variables, output, options: { ttlMs } }: Holding): Promise<number> {
  const env = { ...process.env, ...turnVariables(lock, variables) };
  const { exitCode, wasCutOff } = await runGuarded({ words, env, output, lock, ttlMs });
  if (wasCutOff) throw lostError(lock, `; ${JSON.stringify(words[0])} was ended`);
  return exitCode;
}

export function turnVariables({ name, key, token, value }: Pick<Lock, "name" | "key" | "token" | "value">, prefix: string): Record<string, string> {
  return { [`${prefix}NAME`]: name, [`${prefix}KEY`]: key, [`${prefix}TOKEN`]: String(token), [`${prefix}VALUE`]: value };
}

function documentOf({ name, key, token, value }: Lock, state: HoldingDocument["state"]): HoldingDocument {
  return { state, name, key, token: String(token), value };
}

function lostError({ name, key, token, lost }: Lock, end: string): RaftctlError {
  const cause: unknown = lost.reason;
  return new RaftctlError("LEASE_NOT_FOUND", `${JSON.stringify(name)} was lost or nearly so: no keep-alive was answered in time, its lease was ended, or its key was deleted${end}`, {
    ...(lost.aborted && { cause: toRaftctlError(cause) }),
    hint: "a longer --ttl outlives longer pauses of this machine and of the cluster", details: { key, token: String(token) },
  });
}

/** The first signal that wants an end, from when this is made until it is disposed of. */
class Interruption implements Disposable {
  readonly #stopping = new AbortController();
  readonly #handlers = guardedSignals.map((signal) => ({ signal, handle: () => this.#take(signal) }));
  #first: GuardedSignal | undefined;

  constructor() {
    for (const { signal, handle } of this.#handlers) process.on(signal, handle);
  }

  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  get exit(): number {
    return 128 + constants.signals[this.#first ?? "SIGINT"];
  }

  [Symbol.dispose](): void {
    for (const { signal, handle } of this.#handlers) process.off(signal, handle);
  }

  #take(signal: GuardedSignal): void {
    this.#first ??= signal;
    this.#stopping.abort();
  }
}

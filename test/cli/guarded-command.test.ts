// The guard of a command (docs/locks.md), as a process, below a lock whose time the test gives and takes.

import { expect, test } from "vitest";
import { monotonicMs } from "../../src/cli/lock/guard-channel.ts";
import { runGuarded, safeUntilMs } from "../../src/cli/lock/guarded-command.ts";
import type { Lock } from "../../src/client/lock.ts";

/** As far as a guarded run looks at it. */
class TestLock {
  readonly #lost = new AbortController();
  #end: number;
  #whenKeptAlive: (() => void) | undefined;

  constructor(leftMs: number) {
    this.#end = performance.now() + leftMs;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  get remainingMs(): number {
    return Math.max(0, this.#end - performance.now());
  }

  onKeptAlive(call: () => void): void {
    this.#whenKeptAlive = call;
  }

  keepAlive(leftMs: number): void {
    this.#end = performance.now() + leftMs;
    this.#whenKeptAlive?.();
  }

  lose(): void {
    this.#lost.abort();
  }
}

async function guarded(lock: TestLock, script: string, ttlMs = 2_000): Promise<{ readonly exitCode: number; readonly wasCutOff: boolean; readonly leftMs: number }> {
  const end = await runGuarded({ words: ["sh", "-c", script], env: process.env, output: "inherit", lock: lock as unknown as Lock, ttlMs });
  return { ...end, leftMs: lock.remainingMs };
}

const deaf = 'trap "" TERM; for i in $(seq 1000); do sleep 0.01; done';

test("a command that ends in time ends as it does, and is not said to be cut off", async () => {
  expect(await guarded(new TestLock(2_000), "exit 5")).toMatchObject({ exitCode: 5, wasCutOff: false });
});

test("without a keep-alive the command is asked to end a quarter of the ttl before the time is over, and one that is deaf is dead before it is (H24)", async () => {
  const asked = await guarded(new TestLock(2_000), 'trap "exit 9" TERM; for i in $(seq 1000); do sleep 0.01; done');
  expect(asked).toMatchObject({ exitCode: 9, wasCutOff: true });
  expect(asked.leftMs).toBeLessThanOrEqual(500);
  const killed = await guarded(new TestLock(3_000), deaf, 10_000);
  expect(killed).toMatchObject({ exitCode: 137, wasCutOff: true });
  expect(killed.leftMs).toBeGreaterThan(0);
});

test("a keep-alive gives it more time, and a lock that is lost takes all of it", async () => {
  const lock = new TestLock(1_500);
  const began = monotonicMs();
  const running = guarded(lock, "sleep 2; exit 4");
  lock.keepAlive(60_000);
  expect(await running).toMatchObject({ exitCode: 4, wasCutOff: false });
  expect(monotonicMs() - began).toBeGreaterThan(2_000);
  const losing = guarded(lock, deaf);
  lock.lose();
  expect(await losing).toMatchObject({ exitCode: 137, wasCutOff: true });
});

test("nothing is begun when there is no time to end it", async () => {
  expect(await guarded(new TestLock(400), "exit 5")).toMatchObject({ exitCode: 137, wasCutOff: true });
});

test("a process that is stopped between two looks at the clock promises no more time than there is (H24)", () => {
  let time = 1_000;
  const lock = { get remainingMs(): number {
    const left = 2_000 - time;
    time += 30_000;
    return left;
  } };
  expect(safeUntilMs(lock, () => time)).toBe(2_000);
});

// From when on a key may vanish with its lease: counted from the sending of what was answered last, and never later than the cluster promises.

import { expect, test } from "vitest";
import { History } from "../../../src/cli/check/history.ts";
import { KeyLease } from "../../../src/cli/check/key-lease.ts";
import type { Client } from "../../../src/client/client.ts";

class Cluster {
  nowMs = 0;
  readonly history = new History(() => this.nowMs);
  /** How long the next call takes, ms. */
  tookMs = 0;
  grants = 0;
  /** Of the next keep-alive. */
  remainingMs: number | undefined | Error = 1;

  get client(): Client {
    const grantOnly = async (): Promise<void> => {
      this.grants += 1;
      this.nowMs += this.tookMs;
    };
    const keepAlive = async (): Promise<(number | undefined)[]> => {
      this.nowMs += this.tookMs;
      if (this.remainingMs instanceof Error) throw this.remainingMs;
      return [this.remainingMs];
    };
    return { leases: { grantOnly, keepAlive } } as unknown as Client;
  }

  /** Whether the lease of "k" may have ended before an event of this moment. */
  mayHaveEnded(nowMs: number): boolean {
    this.nowMs = nowMs;
    this.history.begin("c", "other", { kind: "get" }).ok({});
    return this.history.operations().some(({ key, operation }) => key === "k" && operation.kind === "expire");
  }
}

const lease = (renewals: number): KeyLease => new KeyLease({ key: "k", ttlMs: 1000, renewals });

test("a lease may end 99% of its ttl after its grant was sent, however late that was answered, and is asked for once", async () => {
  const cluster = new Cluster();
  cluster.tookMs = 500;
  const one = lease(0);
  expect(await Promise.all([one.granted(cluster.client, cluster.history), one.granted(cluster.client, cluster.history)])).toEqual([true, true]);
  expect(cluster.grants).toBe(1);
  expect(cluster.mayHaveEnded(989)).toBe(false);
  expect(cluster.mayHaveEnded(990)).toBe(true);
});

test("a keep-alive that was answered moves that, counted from its sending, and there are as many as were wanted", async () => {
  const cluster = new Cluster();
  const one = lease(1);
  await one.granted(cluster.client, cluster.history);
  cluster.tookMs = 300;
  await one.tend(cluster.client, cluster.history);
  expect(cluster.nowMs).toBe(0);
  cluster.nowMs = 600;
  await one.tend(cluster.client, cluster.history);
  await one.tend(cluster.client, cluster.history);
  expect(cluster.nowMs).toBe(900);
  expect(cluster.mayHaveEnded(1589)).toBe(false);
  expect(cluster.mayHaveEnded(1590)).toBe(true);
});

test.each([["that finds no lease", undefined], ["that nobody answers", new Error("no answer")]])("a keep-alive %s moves nothing", async (_, remainingMs) => {
  const cluster = new Cluster();
  const one = lease(3);
  await one.granted(cluster.client, cluster.history);
  cluster.remainingMs = remainingMs;
  cluster.nowMs = 600;
  await one.tend(cluster.client, cluster.history);
  expect(cluster.mayHaveEnded(989)).toBe(false);
  expect(cluster.mayHaveEnded(990)).toBe(true);
});

test("a lease that was revoked cannot run out any more, and one whose grant is not known is not used", async () => {
  const cluster = new Cluster();
  const one = lease(0);
  await one.granted(cluster.client, cluster.history);
  one.ended();
  expect(cluster.mayHaveEnded(5000)).toBe(false);
  const failing = { leases: { grantOnly: () => Promise.reject(new Error("no leader")) } } as unknown as Client;
  expect(await lease(0).granted(failing, cluster.history)).toBe(false);
});

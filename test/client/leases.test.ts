// Leases of the client library: against a daemon of one, and a handle on a clock that the test moves.

import { afterEach, describe, expect, test } from "vitest";
import { defer, type Deferred } from "../../src/base/deferred.ts";
import { RaftctlError } from "../../src/base/errors.ts";
import { Client } from "../../src/client/client.ts";
import { clockDriftMax, Lease, type LeasePort } from "../../src/client/lease.ts";
import { ManualClock } from "../platform/manual-clock.ts";
import { FakeDaemon } from "./fake-daemon.ts";

const open: { stop?(): unknown; close?(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await (thing.stop?.() ?? thing.close?.());
});

async function connected(): Promise<{ daemon: FakeDaemon; client: Client; clock: ManualClock }> {
  const daemon = await new FakeDaemon().start();
  const clock = new ManualClock();
  const client = new Client({ endpoints: [daemon.endpoint], clock, timeoutMs: 2_000 });
  open.push(client, daemon);
  return { daemon, client, clock };
}

describe("the client of leases", () => {
  test("grants, attaches, tells and revokes; what it revokes takes its keys along", async () => {
    const { daemon, client: { leases, kv } } = await connected();
    const lease = await leases.grant({ ttlMs: 10_000, id: 0xabcn });
    expect(lease).toMatchObject({ id: 0xabcn, ttlMs: 10_000, grantIndex: daemon.leases.granted.get(0xabcn)!.grantIndex });
    await kv.put("a", "1", { lease: lease.id });
    await kv.put("b", "1");
    expect(await leases.info(0xabcn, { keys: true })).toMatchObject({ id: "0000000000000abc", ttlMs: 10_000, keys: 1, attached: [Buffer.from("a")], more: false });
    expect((await leases.info(0xabcn)).attached).toBeNull();
    await lease.revoke();
    expect([(await kv.get("a")).record, (await kv.get("b")).record?.version]).toEqual([undefined, 1]);
    await expect(leases.info(0xabcn)).rejects.toMatchObject({ code: "LEASE_NOT_FOUND", exit: 4 });
    expect(lease.lost.aborted).toBe(false);
  });

  test("says what is wrong: a lease that is not there, another ttl, a ttl that is none", async () => {
    const { client: { leases, kv } } = await connected();
    await leases.grantOnly({ ttlMs: 5_000, id: 7n });
    await expect(kv.put("a", "1", { lease: 9n })).rejects.toMatchObject({ code: "LEASE_NOT_FOUND", message: expect.stringContaining("0000000000000009") as string });
    await expect(leases.grantOnly({ ttlMs: 6_000, id: 7n })).rejects.toMatchObject({ code: "CONFLICT", message: expect.stringContaining("another ttl") as string });
    await expect(leases.revoke(9n)).rejects.toMatchObject({ code: "LEASE_NOT_FOUND" });
    await expect(leases.grantOnly({ ttlMs: 0.5, id: 7n })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(leases.grantOnly({ ttlMs: 5, id: 0n })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(await leases.keepAlive([9n, 7n])).toEqual([undefined, 5_000]);
  });

  test("lists all of them, page by page", async () => {
    const { daemon, client: { leases } } = await connected();
    for (let id = 1n; id <= 2_001n; id += 1n) daemon.leases.granted.set(id, { ttlMs: 1_000, grantIndex: 1, keys: new Set() });
    const found: string[] = [];
    for await (const { id } of leases.list()) found.push(id);
    expect([found.length, found[0], found.at(-1), new Set(found).size]).toEqual([2_001, "0000000000000001", "00000000000007d1", 2_001]);
  });

  test("keeps what it granted alive, and an `await using` revokes it", async () => {
    const { daemon, client: { leases }, clock } = await connected();
    {
      await using lease = await leases.grant({ ttlMs: 9_000 });
      clock.advance(3_000);
      await expect.poll(() => daemon.leases.keptAlive).toEqual([[lease.id]]);
      expect(daemon.leases.granted.size).toBe(1);
    }
    expect([daemon.leases.granted.size, clock.armed]).toEqual([0, 0]);
  });

  test("counts the time of a lease from when its grant was sent, not from the answer", async () => {
    const { daemon, client: { leases }, clock } = await connected();
    const before = clock.now();
    const granting = leases.grant({ ttlMs: 10_000 });
    await expect.poll(() => daemon.leases.granted.size).toBe(1);
    clock.advance(4_000);
    const lease = await granting;
    expect(lease.remainingMs).toBeLessThanOrEqual(before + 10_000 * (1 - clockDriftMax) - clock.now());
    lease.release();
  });
});

/** Keep-alives that the test answers. */
class Port implements LeasePort {
  readonly clock = new ManualClock();
  readonly asked: { readonly at: number; readonly timeoutMs: number; readonly answer: Deferred<number | undefined> }[] = [];
  revoked = 0;
  revokeError: RaftctlError | undefined;

  keepAlive(_id: bigint, timeoutMs: number): Promise<number | undefined> {
    const answer = defer<number | undefined>();
    this.asked.push({ at: this.clock.now(), timeoutMs, answer });
    return answer.promise;
  }

  async revoke(): Promise<void> {
    this.revoked += 1;
    if (this.revokeError !== undefined) throw this.revokeError;
  }

  lease(ttlMs = 3_000): Lease {
    return new Lease(this, { id: 7n, ttlMs, grantIndex: 5, sentAt: this.clock.now() });
  }

  async answers(place: number, answer: number | undefined | RaftctlError): Promise<void> {
    const { answer: asked } = this.asked[place]!;
    if (answer instanceof RaftctlError) asked.reject(answer);
    else asked.resolve(answer);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const nobody = new RaftctlError("NO_LEADER", "there is no leader");

describe("a handle", () => {
  test("is kept alive at a third of its time, and safe for its time less the margin from the sending on", async () => {
    const port = new Port();
    const lease = port.lease();
    const start = port.clock.now();
    port.clock.advance(1_000);
    expect(port.asked).toMatchObject([{ at: start + 1_000, timeoutMs: 1_000 }]);
    port.clock.advance(500);
    await port.answers(0, 3_000);
    expect(lease.remainingMs).toBeCloseTo(1_000 + 3_000 * (1 - clockDriftMax) - 1_500);
    port.clock.advance(500);
    expect(port.asked).toHaveLength(2);
    expect(lease.lost.aborted).toBe(false);
    lease.release();
  });

  test("tells its listener of each keep-alive that was answered, when there is more time, and of no other one", async () => {
    const port = new Port();
    const lease = port.lease();
    const left: number[] = [];
    lease.onKeptAlive(() => left.push(lease.remainingMs));
    port.clock.advance(1_000);
    await port.answers(0, nobody);
    expect(left).toEqual([]);
    port.clock.advance(150);
    await port.answers(1, 3_000);
    expect(left).toEqual([3_000 * (1 - clockDriftMax)]);
    lease.release();
  });

  test("is lost before the cluster can end it when no keep-alive is answered, though it tries until then", async () => {
    const port = new Port();
    const lease = port.lease();
    port.clock.advance(1_000);
    for (let place = 0; !lease.lost.aborted; place += 1) {
      await port.answers(place, nobody);
      port.clock.advance(150);
    }
    expect(port.asked.length).toBeGreaterThan(10);
    expect(port.clock.now() - 1_000).toBeLessThanOrEqual(3_000 + 150);
    expect(lease.lost.reason).toMatchObject({ code: "LEASE_NOT_FOUND", message: expect.stringContaining("may have ended") as string });
    expect([lease.remainingMs, port.clock.armed]).toEqual([0, 0]);
  });

  test("is lost on time, to the millisecond, also while a keep-alive waits for its answer, and that answer revives nothing", async () => {
    const port = new Port();
    const lease = port.lease();
    port.clock.advance(3_000 * (1 - clockDriftMax) - 1);
    expect([lease.lost.aborted, port.asked.length]).toEqual([false, 1]);
    port.clock.advance(1);
    expect(lease.lost.aborted).toBe(true);
    await port.answers(0, 3_000);
    expect([lease.remainingMs, port.clock.armed]).toEqual([0, 0]);
  });

  test("shows that its time is over even when no timer could fire", () => {
    const port = new Port();
    const lease = port.lease();
    const blocked = port.clock.now() + 10_000;
    port.clock.now = () => blocked;
    expect([lease.lost.aborted, lease.remainingMs]).toEqual([false, 0]);
  });

  test("is lost at once when the cluster says that it is gone, or the client was closed", async () => {
    for (const answer of [undefined, new RaftctlError("STOPPED", "the client is closed")]) {
      const port = new Port();
      const lease = port.lease();
      port.clock.advance(1_000);
      await port.answers(0, answer);
      expect([lease.lost.aborted, lease.lost.reason]).toMatchObject([true, { code: "LEASE_NOT_FOUND" }]);
      expect(port.clock.armed).toBe(0);
    }
  });

  test("that was released or revoked is never lost and asks nothing more; disposing of it fails for nobody", async () => {
    const port = new Port();
    const released = port.lease();
    released.release();
    await released[Symbol.asyncDispose]();
    expect(port.revoked).toBe(0);
    const revoked = port.lease();
    port.clock.advance(1_000);
    port.revokeError = nobody;
    await expect(revoked.revoke()).rejects.toBe(nobody);
    await port.answers(0, undefined);
    const disposed = port.lease();
    await disposed[Symbol.asyncDispose]();
    expect([port.revoked, port.clock.armed]).toEqual([2, 0]);
    port.clock.advance(10_000);
    expect([released, revoked, disposed].map(({ lost }) => lost.aborted)).toEqual([false, false, false]);
  });

  test("that is lost is not revoked when it is disposed of: somebody may have been granted the same id by then", async () => {
    const port = new Port();
    const lease = port.lease();
    port.clock.advance(5_000);
    await lease[Symbol.asyncDispose]();
    expect(port.revoked).toBe(0);
  });
});

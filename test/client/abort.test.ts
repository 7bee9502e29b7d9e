// A caller that gives up: its wait ends at once, and it is told the truth about what may have been done.

import { Socket } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import { Client, type ClientOptions } from "../../src/client/client.ts";
import { eventually } from "../platform/eventually.ts";
import { FakeDaemon } from "./fake-daemon.ts";

const open: { stop?(): unknown; close?(): unknown }[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const thing of open.splice(0)) await (thing.stop?.() ?? thing.close?.());
});

async function daemon(): Promise<FakeDaemon> {
  const fake = await new FakeDaemon().start();
  open.push(fake);
  return fake;
}

function client(options: ClientOptions): Client {
  const made = new Client({ timeoutMs: 5_000, ...options });
  open.unshift(made);
  return made;
}

async function failure(call: Promise<unknown>): Promise<RaftctlError> {
  const outcome = await call.then(() => undefined, (error: unknown) => error);
  expect(outcome).toBeInstanceOf(RaftctlError);
  return outcome as RaftctlError;
}

test("with a signal that is aborted already nothing is sent, whatever the call", async () => {
  const fake = await daemon();
  const one = client({ endpoints: [fake.endpoint] });
  const { kv, admin, leases } = one;
  await kv.put("k", "v");
  const lease = await leases.grant({ ttlMs: 60_000 });
  const sent = fake.requests.length;
  const signal = AbortSignal.abort(new Error("the user went away"));
  const calls = [kv.put("k", "w", { signal }), kv.get("k", { signal }), kv.delete("k", { signal }), kv.range({}, { signal }), admin.call("version", {}, { signal }),
    kv.outcome({ id: 1n, sequence: 1 }, { signal }), kv.deletePrefix("k", { signal }), kv.txn({ then: [{ op: "put", key: "k", value: "w" }] }, { signal }),
    kv.pages({}, { signal }).next(), one.listAndWatch({ prefix: "k" }, { signal }), one.watch({ prefix: "k" }, { signal }).begun(), one.leader("e", { signal }),
    leases.grant({ ttlMs: 60_000 }, { signal }), leases.keepAlive([1n], { signal }), leases.info(1n, { signal }), leases.list({ signal }).next(), leases.revoke(1n, { signal }), lease.revoke({ signal }),
    one.lock("x", { signal }), one.elect("x", "me", { signal })];
  for (const error of await Promise.all(calls.map(failure))) {
    expect(error).toMatchObject({ code: "CANCELLED", outcome: "none", retryable: false, cause: { message: "the user went away" } });
  }
  expect(fake.requests.length).toBe(sent);
});

test("an abort ends a write that was sent as UNKNOWN_OUTCOME with its request id, at once, and it is not sent again", async () => {
  const fake = await daemon();
  fake.faults.push({ kind: "silence" });
  const controller = new AbortController();
  const { kv } = client({ endpoints: [fake.endpoint] });
  const writing = failure(kv.put("k", "v", { signal: controller.signal }));
  await eventually(() => fake.requests.length).toBe(1);
  const start = performance.now();
  controller.abort();
  expect(await writing).toMatchObject({ code: "UNKNOWN_OUTCOME", outcome: "unknown", details: { reason: "CANCELLED", requestId: expect.stringMatching(/^\d+:\d+$/) as unknown } });
  expect(performance.now() - start).toBeLessThan(1_000);
  await kv.get("k");
  expect(fake.requests.map(({ operation }) => operation)).toEqual(["propose", "get"]);
});

test("an abort between two attempts of a write ends it, and its outcome stays unknown", async () => {
  const fake = await daemon();
  const controller = new AbortController();
  fake.faults.push({ kind: "executeAndDrop" }, ...Array.from({ length: 100 }, () => ({ kind: "refuse" as const, error: new RaftctlError("NO_LEADER", "nobody leads") })));
  const { kv } = client({ endpoints: [fake.endpoint], clearUpMs: 60_000 });
  const writing = failure(kv.put("k", "v", { signal: controller.signal, timeoutMs: 60_000 }));
  await eventually(() => fake.requests.length).toBeGreaterThan(2);
  controller.abort();
  expect((await writing).code).toBe("UNKNOWN_OUTCOME");
});

test("an abort ends a read, and an operator's look, as CANCELLED; an operator's change as UNKNOWN_OUTCOME", async () => {
  const fake = await daemon();
  for (const method of ["status", "leaderTransfer"]) fake.silentMethods.add(method);
  const controller = new AbortController();
  const { signal } = controller;
  const { admin } = client({ endpoints: [fake.endpoint] });
  const calls = [admin.call("status", {}, { signal }), admin.call("leaderTransfer", { to: "n2", dryRun: false }, { signal })].map(failure);
  await eventually(() => fake.requests.length).toBe(2);
  controller.abort();
  const [look, change] = await Promise.all(calls);
  expect([look!.code, look!.outcome, change!.code, change!.outcome]).toEqual(["CANCELLED", "none", "UNKNOWN_OUTCOME", "unknown"]);
});

test("an abort ends the wait for a connection, and the others who wait for the same one get it", async () => {
  const fake = await daemon();
  const gate = Promise.withResolvers<void>();
  const { dial } = await import("../../src/client/dial.ts");
  const { kv } = client({ endpoints: [fake.endpoint], dial: async (...arguments_) => (await gate.promise, dial(...arguments_)) });
  const controller = new AbortController();
  const { signal } = controller;
  const given = [kv.get("k", { signal }), kv.put("k", "v", { signal })].map(failure);
  const patient = kv.put("k", "w");
  controller.abort();
  for (const error of await Promise.all(given)) expect(error).toMatchObject({ code: "CANCELLED", outcome: "none" });
  gate.resolve();
  expect((await patient).result?.status).toBe("ok");
  expect(fake.requests.filter(({ operation }) => operation === "propose")).toHaveLength(1);
});

test("a signal that outlives a thousand calls keeps nothing of them", async () => {
  const fake = await daemon();
  const { signal } = new AbortController();
  const add = vi.spyOn(signal, "addEventListener");
  const remove = vi.spyOn(signal, "removeEventListener");
  const { kv } = client({ endpoints: [fake.endpoint] });
  await Promise.all(Array.from({ length: 1_000 }, () => kv.get("k", { signal })));
  expect(add.mock.calls.length).toBeGreaterThanOrEqual(1_000);
  expect(remove.mock.calls.length).toBe(add.mock.calls.length);
});

test("`using` and `await using` close the client at the end of the block", async () => {
  const fake = await daemon();
  let kept: Client;
  {
    await using one = new Client({ endpoints: [fake.endpoint] });
    await one.kv.put("k", "v");
    kept = one;
  }
  expect((await failure(kept.kv.get("k"))).code).toBe("STOPPED");
  {
    using two = new Client({ endpoints: [fake.endpoint] });
    kept = two;
  }
  expect((await failure(kept.kv.get("k"))).code).toBe("STOPPED");
});

test("closing ends the dialling, too: nothing keeps the process waiting for an address that does not answer", async () => {
  const dialled = Promise.withResolvers<AbortSignal>();
  const one = client({ endpoints: ["127.0.0.1:1"], dial: (_address, _timeoutMs, signal) => (dialled.resolve(signal), new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new RaftctlError("STOPPED", "given up")));
  })) });
  const reading = failure(one.kv.get("k"));
  await dialled.promise;
  one.close();
  expect((await reading).code).toBe("STOPPED");
});

test("all that one turn of the event loop asks for leaves in one write on one connection", async () => {
  const fake = await daemon();
  const { kv } = client({ endpoints: [fake.endpoint] });
  await Promise.all(Array.from({ length: 200 }, (_, at) => kv.put(`k${at}`, "v")));
  const port = Number(fake.endpoint.split(":").at(-1));
  const writes: number[] = [];
  const write = Socket.prototype.write;
  vi.spyOn(Socket.prototype, "write").mockImplementation(function (this: Socket, ...arguments_: Parameters<typeof write>) {
    if (this.remotePort === port) writes.push((arguments_[0] as unknown as Uint8Array).length);
    return write.apply(this, arguments_);
  });
  await Promise.all(Array.from({ length: 200 }, (_, at) => (at % 2 === 0 ? kv.put(`k${at}`, "w") : kv.get(`k${at}`))));
  expect(writes).toHaveLength(1);
  expect(writes[0]).toBeGreaterThan(200 * 20);
});

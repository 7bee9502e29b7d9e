import { afterAll, beforeAll, expect, test } from "vitest";
import { FakeDaemon } from "../client/fake-daemon.ts";
import { raftctl, type Outcome, type RunOptions } from "./run-raftctl.ts";

let daemon: FakeDaemon;
beforeAll(async () => {
  daemon = await new FakeDaemon().start();
});
afterAll(() => daemon.stop());

function run(line: string, options: RunOptions = {}): Promise<Outcome> {
  return raftctl(line.split(" "), { ...options, env: { RAFTCTL_ENDPOINT: daemon.endpoint } });
}

test("grant prints an id that put takes, info shows and revoke ends, with its keys", async () => {
  const granted = await run("lease grant 10s");
  expect(granted).toMatchObject({ code: 0, stderr: "" });
  const id = granted.stdout.trim();
  expect(id).toMatch(/^[0-9a-f]{16}$/);
  expect((await run(`put service/a here --lease ${id}`)).code).toBe(0);
  const info = await run(`lease info ${id} --keys`);
  expect(info.stdout).toMatch(new RegExp(`${id} +10s +10s +1 +\\d+`));
  expect(info.stdout).toContain("\n\nservice/a\n");
  expect((await run(`lease info ${id} --keys --json`)).json).toMatchObject({
    schema: "raftctl.lease-info/v1", result: { id, ttlMs: 10_000, remainingMs: 9_999, keys: 1, attached: [{ value: "service/a", encoding: "utf8" }], more: false },
  });
  expect((await run("lease list --json")).json.result).toEqual({ leases: [expect.objectContaining({ id, ttlMs: 10_000 })] });
  expect((await run(`lease revoke ${id}`)).stdout).toMatch(/^OK \d+ deleted 1\n$/);
  expect(await run("get service/a")).toMatchObject({ code: 4 });
  expect((await run("lease list")).stdout).toBe("no leases\n");
  const second = (await run("lease grant 10s")).stdout.trim();
  expect((await run(`lease revoke ${second} --json`)).json).toMatchObject({ ok: true, schema: "raftctl.lease-revoke/v1", result: { id: second, deleted: 0 } });
});

test("what is not there is exit 4 with a hint, another ttl exit 6, and a wrong id or ttl exit 2", async () => {
  for (const line of ["lease revoke 9", "lease info 9", "lease keep-alive 9 --once", "lease keep-alive 9", "put k v --lease 9"]) {
    const outcome = await run(`${line} --json`);
    expect([line, outcome.code, outcome.json.error?.code]).toEqual([line, 4, "LEASE_NOT_FOUND"]);
    expect(outcome.json.error?.message).toContain("0000000000000009");
  }
  expect((await run("get k")).code).toBe(4);
  expect((await run("lease grant 10s --id ab --json")).json.result).toMatchObject({ id: "00000000000000ab", ttlMs: 10_000 });
  expect((await run("lease grant 10s --id ab")).code).toBe(0);
  expect((await run("lease grant 9s --id ab --json")).json.error).toMatchObject({ code: "CONFLICT", exit: 6 });
  for (const line of ["lease grant 0s", "lease grant soon", "lease grant 1s --id 0", "lease grant 1s --id xyz", "lease info 12345678901234567", "lease grant 9000h"]) expect([line, (await run(line)).code]).toEqual([line, 2]);
  daemon.leases.granted.clear();
});

test("keep-alive --once says what is left; without it goes on until the lease is gone (exit 4)", async () => {
  await run("lease grant 300ms --id c1");
  expect(await run("lease keep-alive c1 --once")).toMatchObject({ code: 0, stdout: "lease 00000000000000c1 lasts for 300 ms\n" });
  const before = daemon.leases.keptAlive.length;
  const goes = await run("lease keep-alive c1 --json", { onOutput: () => {
    if (daemon.leases.keptAlive.length >= before + 3) daemon.leases.granted.clear();
  } });
  const documents = goes.stdout.trim().split("\n").map((line) => JSON.parse(line) as { ok: boolean; result?: unknown; error?: { code: string } });
  expect(goes.code).toBe(4);
  expect(documents[0]).toMatchObject({ ok: true, result: { id: "00000000000000c1", remainingMs: 300 } });
  expect(documents.at(-1)).toMatchObject({ ok: false, error: { code: "LEASE_NOT_FOUND" } });
  expect(documents.length).toBeGreaterThanOrEqual(3);
});

// Transactions, leases and sessions over HTTP: the documents of `raftctl txn`, `raftctl lease` and `raftctl session`, and the statuses that go with them.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Daemon } from "../../src/daemon/daemon.ts";
import { schemasFolder } from "../commands/json-output.ts";
import { violations } from "../commands/schema-check.ts";
import { startCluster, type Fixture } from "../daemon/support/cluster.ts";
import { eventually } from "../platform/eventually.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startCluster(3, { "listen.http": "127.0.0.1:0" });
});
afterAll(async () => {
  await fixture[Symbol.asyncDispose]();
});

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly ok: boolean;
  readonly result: Record<string, unknown>;
  readonly error: { code: string; message: string };
}

/** @param command whose schema the document must fit; undefined for one that is refused */
async function ask(command: string | undefined, node: Daemon, call: string, { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {}): Promise<Answer> {
  const [method, path] = call.split(" ") as [string, string];
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(`http://${node.httpAddress}${path}`, { method, redirect: command === undefined ? "manual" : "follow", headers, ...(text !== undefined && { body: text }) });
  const document = (await response.json()) as Pick<Answer, "ok" | "result" | "error">;
  const schema = JSON.parse(readFileSync(`${schemasFolder}/${command ?? "schema"}.json`, "utf8"));
  expect(violations(document, schema)).toEqual([]);
  return { status: response.status, headers: response.headers, ...document };
}

const follower = (): Daemon => fixture.followers()[0]!;
const leader = (): Daemon => fixture.leader();

describe("a transaction", () => {
  const txn = {
    compare: [{ key: "txn/lock", exists: false }],
    then: [{ op: "put", key: "txn/lock", value: "me" }, { op: "get", prefix: "txn/" }],
    else: [{ op: "get", key: "txn/lock" }],
  };

  test("is done at one index and answered as raftctl txn answers; when its comparisons do not hold it is 412, with what was done else (S120)", async () => {
    const done = await ask("txn", follower(), "POST /v1/txn", { body: txn });
    expect([done.status, done.result]).toMatchObject([200, { succeeded: true, response: "applied", outcomes: [{ op: "put", version: "1" }, { op: "get", kvs: [{ key: "txn/lock", value: "me" }] }] }]);
    expect(done.headers.get("raftctl-index")).toBe(done.result["index"]);
    const other = await ask("txn", follower(), "POST /v1/txn", { body: txn });
    expect([other.status, other.ok, other.error.code, other.result]).toMatchObject([412, false, "CONFLICT", { succeeded: false, outcomes: [{ op: "get", kvs: [{ value: "me" }] }] }]);
    const committed = await ask("txn", leader(), "POST /v1/txn?response=committed", { body: txn });
    expect([committed.status, committed.result]).toMatchObject([200, { succeeded: null, response: "committed", outcomes: null }]);
  });

  test("that is repeated in its session takes effect once (S109)", async () => {
    const { headers } = await ask("txn", leader(), "POST /v1/txn", { body: { then: [] } });
    const stamp = { "raftctl-request": `4242:${Number(headers.get("raftctl-index")) + 1}` };
    const append = { then: [{ op: "put", key: "txn/once", value: "x" }] };
    const answers = [await ask("txn", leader(), "POST /v1/txn", { body: append, headers: stamp }), await ask("txn", follower(), "POST /v1/txn", { body: append, headers: stamp })];
    expect(answers.map(({ result, headers: said }) => [result["outcomes"], result["index"], said.get("raftctl-request")])).toEqual(
      answers.map(() => [[{ op: "put", version: "1", prev: null }], answers[0]!.result["index"], stamp["raftctl-request"]]));
  });

  test("that is not understood is refused with the place (S14)", async () => {
    for (const [body, words] of [["", "not JSON"], ["{", "not JSON"], ["[]", "not a transaction"], [{ than: [] }, "not a transaction"], [{ then: [{ op: "put", key: "a" }] }, "then.0"], ['{"then":[{"op":"put","key":"a","value":"1","lease":"x"}]}', "no id of a lease"]] as const) {
      const { status, error } = await ask(undefined, leader(), "POST /v1/txn", { body });
      expect([status, error.message]).toEqual([400, expect.stringContaining(words)]);
    }
  });
});

test("a session is listed on any node, and closed with the document of session close; then it is 404, and its request is refused (S112, S120)", async () => {
  const stamp = { "raftctl-request": `777:${Number((await ask("put", leader(), "PUT /v1/kv/closing", { body: "1" })).result["index"]) + 1}` };
  expect((await ask("put", leader(), "PUT /v1/kv/closing", { body: "2", headers: stamp })).result["version"]).toBe("2");
  expect((await ask("session-list", follower(), "GET /v1/sessions?limit=1")).result["sessions"]).toMatchObject([{ id: "777", results: 1 }]);
  expect((await ask("session-close", follower(), "DELETE /v1/sessions/777")).result).toMatchObject({ closed: [{ id: "777", results: 1 }], notFound: [] });
  expect((await ask(undefined, leader(), "DELETE /v1/sessions/777")).status).toBe(404);
  expect((await ask(undefined, leader(), "PUT /v1/kv/closing", { body: "2", headers: stamp })).status).toBe(504);
  for (const path of ["x", "0", "99999999999999999999"]) expect((await ask(undefined, leader(), `DELETE /v1/sessions/${path}`)).status).toBe(400);
});

describe("a lease", () => {
  test("is granted, kept alive, listed, shown and revoked, on any node, with the documents of the lease verbs (S120)", async () => {
    const granted = await ask("lease-grant", follower(), "POST /v1/leases", { body: { ttl: "60s", id: "ab12" } });
    expect([granted.status, granted.result]).toEqual([200, { id: "000000000000ab12", ttlMs: 60_000, index: granted.headers.get("raftctl-index") }]);
    const random = await ask("lease-grant", follower(), "POST /v1/leases", { body: { ttlMs: 45_000 } });
    expect(random.result).toMatchObject({ id: expect.stringMatching(/^[0-9a-f]{16}$/), ttlMs: 45_000 });
    expect((await ask("put", follower(), "PUT /v1/kv/leased?lease=ab12", { body: "v" })).status).toBe(200);
    const kept = await ask("lease-keep-alive", follower(), "POST /v1/leases/ab12/keep-alive");
    expect([kept.status, kept.result["id"], Number(kept.result["remainingMs"]) > 30_000]).toEqual([200, "000000000000ab12", true]);
    const { result } = await ask("lease-list", follower(), "GET /v1/leases");
    expect(result["leases"]).toEqual(expect.arrayContaining([expect.objectContaining({ id: "000000000000ab12", keys: 1 }), expect.objectContaining({ id: random.result["id"], keys: 0 })]));
    expect((await ask("lease-info", follower(), "GET /v1/leases/ab12?keys")).result).toMatchObject({ keys: 1, attached: [{ value: "leased", encoding: "utf8" }], more: false });
    expect((await ask("lease-info", leader(), "GET /v1/leases/ab12")).result["attached"]).toBeUndefined();
    expect((await ask("lease-revoke", follower(), "DELETE /v1/leases/ab12")).result).toMatchObject({ id: "000000000000ab12", deleted: 1 });
    expect((await ask("get", follower(), "GET /v1/kv/leased")).status).toBe(404);
  });

  test("that ends takes its keys with it", async () => {
    await ask("lease-grant", leader(), "POST /v1/leases", { body: { ttlMs: 1_000, id: "ff" } });
    await ask("put", leader(), "PUT /v1/kv/short?lease=ff", { body: "v" });
    await eventually(async () => (await fetch(`http://${follower().httpAddress}/v1/kv/short`)).status).toBe(404);
    for (const call of ["POST /v1/leases/ff/keep-alive", "GET /v1/leases/ff", "DELETE /v1/leases/ff", "PUT /v1/kv/short?lease=ff"]) {
      const { status, error } = await ask(undefined, leader(), call, call.startsWith("PUT") ? { body: "v" } : {});
      expect([call, status, error.code]).toEqual([call, 404, "LEASE_NOT_FOUND"]);
    }
  });

  test("that exists with another ttl is 409, and what is no lease is refused (S14)", async () => {
    await ask("lease-grant", leader(), "POST /v1/leases", { body: { ttl: "60s", id: "77" } });
    const other = await ask(undefined, leader(), "POST /v1/leases", { body: { ttl: "50s", id: "77" } });
    expect([other.status, other.error.code]).toEqual([409, "CONFLICT"]);
    const wrong: [string, unknown, number, string][] = [
      ["POST /v1/leases", "", 400, "not JSON"], ["POST /v1/leases", {}, 400, "not a lease"], ["POST /v1/leases", { ttl: "1s", ttlMs: 5 }, 400, "not a lease"], ["POST /v1/leases", { ttlMs: 0.5 }, 400, "not a lease"],
      ["POST /v1/leases", { ttl: "soon" }, 400, "soon"], ["POST /v1/leases", { ttl: "10s", id: "0" }, 400, "no id of a lease"], ["POST /v1/leases/x/keep-alive", undefined, 400, "no id of a lease"],
      ["POST /v1/leases/1/keep-alive", "body", 400, "no body"], ["GET /v1/leases/%zz", undefined, 400, "percent-encoded"], ["GET /v1/leases/1/keep-alive", undefined, 405, "want POST"],
      ["GET /v1/leases//keep-alive", undefined, 400, "no id of a lease"], ["PUT /v1/leases", "x", 405, "want GET, HEAD, POST"], ["POST /v1/leases/1", undefined, 405, "want GET, HEAD, DELETE"], ["PUT /v1/kv/a?lease=x", "v", 400, "no id of a lease"],
    ];
    for (const [call, body, status, words] of wrong) {
      const answer = await ask(undefined, leader(), call, { body });
      expect([call, answer.status, answer.error.message]).toEqual([call, status, expect.stringContaining(words)]);
    }
  });
});

test.each(["POST /v1/txn?response=applied", "POST /v1/leases", "DELETE /v1/leases/1", "PUT /v1/kv/a?lease=1"])("a follower redirects %s to the leader, word for word (U12)", async (call) => {
  const response = await ask(undefined, follower(), call, call.startsWith("DELETE") ? {} : { body: "x" });
  expect([response.status, response.headers.get("location")]).toEqual([307, `http://${leader().httpAddress}${call.split(" ")[1]}`]);
});

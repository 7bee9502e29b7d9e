// What HTTP adds to the one API: its status codes, headers and redirects, and what it refuses.

import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Daemon } from "../../src/daemon/daemon.ts";
import { LeaderHttp } from "../../src/daemon/leader-http.ts";
import { Routes } from "../../src/http/routes.ts";
import { parseAddress } from "../../src/platform/connect.ts";
import type { HttpAnswer } from "../../src/platform/http-server.ts";
import { RequestConnection } from "../../src/platform/request-connection.ts";
import { SystemClock } from "../../src/platform/system-clock.ts";
import { startCluster, type Fixture } from "../daemon/support/cluster.ts";
import { eventually } from "../platform/eventually.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startCluster(3, { "listen.http": "127.0.0.1:0" });
});
afterAll(async () => {
  await fixture[Symbol.asyncDispose]();
});

const leader = (): Daemon => fixture.leader();
const follower = (): Daemon => fixture.followers()[0]!;

function ask(node: Daemon, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`http://${node.httpAddress}${path}`, { redirect: "manual", ...init });
}

interface Body {
  ok: boolean;
  schema: string;
  header?: Record<string, string>;
  result?: Record<string, unknown>;
  error?: { code: string; message: string; hint?: string; details?: Record<string, unknown> };
}
const bodyOf = async (response: Response): Promise<Body> => (await response.json()) as Body;

describe("the answer", () => {
  test("is the envelope of the command line, and headers say where the log stood (S120)", async () => {
    const put = await ask(leader(), "/v1/kv/door/colour", { method: "PUT", body: "green" });
    const receipt = await bodyOf(put);
    expect([put.status, put.headers.get("etag"), put.headers.get("content-type")]).toEqual([200, '"1"', "application/json; charset=utf-8"]);
    expect(receipt).toMatchObject({ ok: true, schema: "raftctl.put/v1", header: { node: expect.any(String), region: "global" }, result: { key: "door/colour", version: "1", response: "applied" } });
    expect(put.headers.get("raftctl-index")).toBe(receipt.result!["index"]);
    const got = await ask(follower(), "/v1/kv/door/colour");
    const document = await bodyOf(got);
    expect([got.status, got.headers.get("etag"), got.headers.get("raftctl-mod-index")]).toEqual([200, '"1"', receipt.result!["index"]]);
    expect(document).toMatchObject({ schema: "raftctl.get/v1", result: { found: true, kvs: [{ value: "green" }] } });
    expect(Number(got.headers.get("raftctl-index"))).toBeGreaterThanOrEqual(Number(receipt.result!["index"]));
  });

  test("is the value's own bytes for whoever accepts nothing else", async () => {
    const value = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    await ask(leader(), "/v1/kv/door/bytes", { method: "PUT", body: value });
    const response = await ask(follower(), "/v1/kv/door/bytes", { headers: { accept: "application/octet-stream" } });
    expect(response.headers.get("content-type")).toBe("application/octet-stream");
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(value);
    expect(response.headers.get("raftctl-version")).toBe("1");
    const missing = await ask(follower(), "/v1/kv/door/none", { headers: { accept: "application/octet-stream" } });
    expect([missing.status, (await bodyOf(missing)).error!.code]).toEqual([404, "NOT_FOUND"]);
  });

  test("to HEAD has the headers of GET and no body", async () => {
    const [head, get] = [await ask(leader(), "/v1/kv/door/colour", { method: "HEAD" }), await ask(leader(), "/v1/kv/door/colour")];
    expect(head.status).toBe(200);
    expect(await head.text()).toBe("");
    expect(head.headers.get("content-length")).toBe(get.headers.get("content-length"));
    expect(head.headers.get("etag")).toBe('"1"');
  });

  test("to any key is about these bytes: percent-encoded, or in base64", async () => {
    await ask(leader(), "/v1/kv/%ff%00%2Fx", { method: "PUT", body: "binary" });
    const response = await bodyOf(await ask(leader(), "/v1/kv//wAveA==?keyEncoding=base64"));
    expect(response.result).toMatchObject({ kvs: [{ key: "/wAveA==", keyEncoding: "base64", value: "binary" }] });
    await ask(leader(), "/v1/kv/a+b%20c", { method: "PUT", body: "plus" });
    expect((await bodyOf(await ask(leader(), "/v1/kv?prefix=a%2Bb"))).result).toMatchObject({ kvs: [{ key: "a+b c" }] });
    await ask(leader(), "/v1/kv/encoded?encoding=base64", { method: "PUT", body: "AAE=" });
    expect((await bodyOf(await ask(leader(), "/v1/kv/encoded"))).result).toMatchObject({ kvs: [{ value: "\0\x01" }] });
  });

  test("to a condition in a header is 412 when it does not hold", async () => {
    const place = "/v1/kv/door/conditional";
    const put = (headers: Record<string, string>): Promise<Response> => ask(leader(), place, { method: "PUT", body: "x", headers });
    expect((await put({ "if-none-match": "*" })).status).toBe(200);
    const again = await put({ "if-none-match": "*" });
    expect([again.status, (await bodyOf(again)).error]).toMatchObject([412, { code: "CONFLICT", details: { version: "1" } }]);
    expect((await put({ "if-match": '"2"' })).status).toBe(412);
    expect((await put({ "if-match": '"1"' })).headers.get("etag")).toBe('"2"');
    expect((await ask(leader(), `${place}?ifVersion=2`, { method: "DELETE" })).status).toBe(200);
    expect((await ask(leader(), place, { method: "DELETE" })).status).toBe(404);
  });

  test("tells of the node: status, version, and health by its status code", async () => {
    const status = await bodyOf(await ask(follower(), "/v1/status"));
    expect(status).toMatchObject({ schema: "raftctl.status/v1", result: { nodes: [{ httpAddress: follower().httpAddress, regions: [{ role: "follower" }] }] } });
    expect((await bodyOf(await ask(follower(), "/v1/version"))).result).toMatchObject({ protocol: 1 });
    const health = await ask(follower(), "/v1/health?scope=ready");
    expect([health.status, (await bodyOf(health)).result]).toMatchObject([200, { healthy: true }]);
  });
});

describe("a follower", () => {
  test.each([["PUT", "/v1/kv/door/moved?response=applied"], ["DELETE", "/v1/kv/door/moved"], ["DELETE", "/v1/kv?prefix=door/moved/"], ["GET", "/v1/kv/door/colour?consistency=leader"], ["GET", "/v1/kv?prefix=door&consistency=leader"]])(
    "redirects %s %s to the leader, word for word (U12)", async (method, path) => {
      const response = await ask(follower(), path, { method, ...(method === "PUT" ? { body: "m" } : {}) });
      expect([response.status, response.headers.get("location")]).toEqual([307, `http://${leader().httpAddress}${path}`]);
      expect(await bodyOf(response)).toMatchObject({ ok: false, error: { code: "NOT_LEADER", details: { location: response.headers.get("location") } } });
    });

  test("serves linearizable reads itself", async () => {
    const response = await ask(follower(), "/v1/kv/door/colour");
    expect([response.status, (await bodyOf(response)).result!["servedBy"]]).toEqual([200, response.headers.get("raftctl-node")]);
  });

  test("knows the leader of each term: after leadership has moved it redirects to the new one (U12)", async () => {
    const third = fixture.followers()[1]!;
    expect((await ask(third, "/v1/kv/k", { method: "PUT", body: "1" })).status).toBe(307);
    const old = leader();
    await old.region.raft.transferLeadership(follower().region.raft.id);
    await eventually(() => leader() !== undefined && leader() !== old && third.region.raft.core.leader === leader().region.raft.id).toBe(true);
    for (const node of [old, third]) {
      const location = (await ask(node, "/v1/kv/k", { method: "PUT", body: "1" })).headers.get("location");
      expect(location).toBe(`http://${leader().httpAddress}/v1/kv/k`);
    }
  });
});

describe("what is not understood is refused with one line (S14)", () => {
  const refused: readonly (readonly [string, string, string, number, string])[] = [
    ["GET", "/", "no such path", 404, "NOT_FOUND"],
    ["GET", "/v2/kv/a", "no such path", 404, "NOT_FOUND"],
    ["POST", "/v1/kv/a", "want GET, HEAD, PUT, DELETE", 405, "BAD_REQUEST"],
    ["PUT", "/v1/kv", "want GET, HEAD, DELETE", 405, "BAD_REQUEST"],
    ["DELETE", "/v1/status", "want GET, HEAD", 405, "BAD_REQUEST"],
    ["GET", "/v1/kv", "say which keys", 400, "BAD_REQUEST"],
    ["GET", "/v1/kv/", "say which keys", 400, "BAD_REQUEST"],
    ["GET", "/v1/kv?prefix=a&start=b", "say which keys", 400, "BAD_REQUEST"],
    ["DELETE", "/v1/kv?prefix=", "at least one byte", 400, "BAD_REQUEST"],
    ["DELETE", "/v1/kv", "at least one byte", 400, "BAD_REQUEST"],
    ["DELETE", "/v1/kv/a?prefix=b", "no such parameter here: \"prefix\"", 400, "BAD_REQUEST"],
    ["GET", "/v1/kv/a?consistency=strong", "want linearizable, lease, leader, stale", 400, "BAD_REQUEST"],
    ["GET", "/v1/kv/a?timeout=2m", "at most 60000 ms", 400, "BAD_REQUEST"],
    ["GET", "/v1/kv/a?timeout=soon", "soon", 400, "INVALID_ARGUMENT"],
    ["GET", "/v1/kv/a?minIndex=-1", "a whole number", 400, "BAD_REQUEST"],
    ["GET", "/v1/kv/a?minIndex=1&minIndex=2", "given twice", 400, "BAD_REQUEST"],
    ["GET", "/v1/kv/%zz", "no percent-encoded byte", 400, "BAD_REQUEST"],
    ["GET", "/v1/kv/%", "no percent-encoded byte", 400, "BAD_REQUEST"],
    ["GET", `/v1/kv/${"k".repeat(1025)}`, "key", 400, "BAD_REQUEST"],
    ["GET", "/v1/kv?prefix=a&limit=10001", "limit", 400, "BAD_REQUEST"],
    ["GET", "/v1/kv/a?keyEncoding=base64", "not base64", 400, "INVALID_ARGUMENT"],
    ["GET", "/v1/outcome/7", "not a request id", 400, "INVALID_ARGUMENT"],
    ["PUT", "/v1/kv/a?encoding=json", "not JSON", 400, "INVALID_ARGUMENT"],
    ["PUT", "/v1/kv/a?ifAbsent&ifVersion=1", "one condition at most", 400, "BAD_REQUEST"],
    ["PUT", "/v1/kv/a?response=soon", "want committed, applied", 400, "BAD_REQUEST"],
  ];
  test.each(refused)("%s %s: %s", async (method, path, words, status, code) => {
    const response = await ask(leader(), path, { method, ...(method === "PUT" || method === "POST" ? { body: "x" } : {}) });
    const { ok, schema, error } = await bodyOf(response);
    expect([ok, schema, response.status, error!.code]).toEqual([false, "raftctl.error/v1", status, code]);
    expect(error!.message).toContain(words);
    expect(error!.message).not.toContain("\n");
    if (status === 405) expect(words).toContain(response.headers.get("allow"));
  });

  test.each([["if-match", "3"], ["if-match", "*"], ["if-none-match", '"1"'], ["raftctl-request", "1:1, 1:2"]])("a header %s: %s", async (name, value) => {
    const response = await ask(leader(), "/v1/kv/a", { method: "PUT", body: "x", headers: { [name]: value } });
    expect(response.status).toBe(400);
    expect((await bodyOf(response)).error!.message).toContain(value);
  });

  test("what a web page sends, on any node", async () => {
    for (const [method, node] of [["GET", leader()], ["PUT", leader()], ["PUT", follower()], ["DELETE", follower()]] as const) {
      const text = await raw(node, `${method} /v1/kv/a HTTP/1.1\r\nhost: a\r\norigin: http://evil.example\r\n\r\n`);
      expect(text).toMatch(/^HTTP\/1\.1 403 .*"DENIED".*Origin/s);
    }
  });

  test("bytes that are no ASCII in the request line, on a follower that would redirect them", async () => {
    expect(await raw(follower(), "PUT /v1/kv/\u00fc HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx")).toMatch(/^HTTP\/1\.1 400 .*"BAD_REQUEST".*Invalid char in url/s);
  });

  test("a body on a request that has none, and a body above the bound, of which no more is read", async () => {
    expect(await raw(leader(), "GET /v1/kv/a HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi")).toContain("a GET carries no body");
    const large = await raw(leader(), "PUT /v1/kv/a HTTP/1.1\r\nhost: a\r\ncontent-length: 9000000000\r\n\r\nx");
    expect(large).toMatch(/^HTTP\/1\.1 413 /);
    expect(large).toContain("TOO_LARGE");
  });
});

test("whoever follows the redirect does so with method and body (U12)", async () => {
  const put = await ask(follower(), "/v1/kv/door/followed", { method: "PUT", body: "by redirect", redirect: "follow" });
  expect(await bodyOf(put)).toMatchObject({ ok: true, result: { version: "1" } });
  const got = await ask(follower(), "/v1/kv/door/followed", { headers: { accept: "application/octet-stream" } });
  expect(await got.text()).toBe("by redirect");
});

test("without a leader a write and a linearizable read are 503 with Retry-After, and a stale read is served (U12)", async () => {
  await using lonely = await startCluster(2, { "listen.http": "127.0.0.1:0" });
  const [left] = lonely.followers();
  await ask(lonely.leader(), "/v1/kv/k", { method: "PUT", body: "v" });
  await eventually(() => left!.region.raft.core.lastApplied >= lonely.leader().region.raft.core.commitIndex).toBe(true);
  await lonely.leader().stop({ transfer: false, drainMs: 0 });
  await eventually(() => left!.region.raft.core.leader).toBeUndefined();
  for (const [method, path] of [["PUT", "/v1/kv/k"], ["DELETE", "/v1/kv/k"], ["GET", "/v1/kv/k"], ["GET", "/v1/kv/k?consistency=leader"]] as const) {
    const response = await ask(left!, path, { method, ...(method === "PUT" ? { body: "w" } : {}) });
    expect([method, path, response.status, response.headers.get("retry-after")]).toEqual([method, path, 503, "1"]);
    expect(["NO_LEADER", "NOT_LEADER"]).toContain((await bodyOf(response)).error!.code);
  }
  const health = await ask(left!, "/v1/health");
  expect([health.status, (await bodyOf(health)).error!.code]).toEqual([503, "UNHEALTHY"]);
  expect((await bodyOf(await ask(left!, "/v1/kv/k?consistency=stale"))).result).toMatchObject({ kvs: [{ value: "v" }] });
});

test("a write whose outcome nobody can tell is 504 with its request id, and the same request may be sent again (S109)", async () => {
  await using pair = await startCluster(2, { "listen.http": "127.0.0.1:0" });
  const [node] = [pair.leader()];
  const index = Number((await ask(node, "/v1/kv/k", { method: "PUT", body: "v" })).headers.get("raftctl-index"));
  await pair.followers()[0]!.stop({ transfer: false, drainMs: 0 });
  const request = { method: "PUT", body: "w", headers: { "raftctl-request": `77:${index + 1}` } };
  const response = await ask(node, "/v1/kv/k?timeout=2s", request);
  const { error } = await bodyOf(response);
  expect([response.status, error!.code, error!.details!["requestId"]]).toEqual([504, "UNKNOWN_OUTCOME", `77:${index + 1}`]);
  const unstamped = await ask(node, "/v1/kv/k?timeout=2s", { method: "PUT", body: "w" });
  expect([503, 504]).toContain(unstamped.status);
});

test("a follower whose leader serves no HTTP hands the write on to it (S83)", async () => {
  await using pair = await startCluster(2);
  const [node] = pair.followers();
  const leaderHttp = new LeaderHttp(node!.region, 1_000);
  const connection = await RequestConnection.connect(parseAddress(node!.clientAddress), { clock: new SystemClock(), clientName: "test", timeoutMs: 5_000 });
  const routes = new Routes({ identity: connection.server, onRequest: (request) => connection.call(request, 5_000), leaderElsewhere: () => leaderHttp.elsewhere() });
  const answer = await routes.answer({ method: "PUT", target: "/v1/kv/k", header: () => undefined, body: Buffer.from("v") });
  connection.close();
  expect([node!.httpAddress, answer.status]).toEqual([undefined, 200]);
  expect(JSON.parse(Buffer.from((answer as HttpAnswer).body).toString())).toMatchObject({ ok: true, result: { forwardedBy: expect.any(String) } });
});

test("one connection serves one request after the other, also when they were sent at once", async () => {
  const request = "GET /v1/version HTTP/1.1\r\nhost: a\r\n\r\n";
  const text = await raw(leader(), `${request}${request}GET /v1/version HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
  expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
});

/** What comes back until the other side closes. */
function raw(node: Daemon, text: string): Promise<string> {
  const [host, port] = node.httpAddress!.split(":");
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host);
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
      if (answer.startsWith("HTTP/1.1 4") && answer.endsWith("}\n")) socket.end();
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
    socket.write(Buffer.from(text, "latin1"));
  });
}

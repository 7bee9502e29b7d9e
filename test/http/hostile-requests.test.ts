// Thousands of requests that nobody should send, from a seed, over raw sockets, against a real listener: none is answered with an error of ours, none with a
// stack, and the daemon serves on as if nothing had been.

import { connect } from "node:net";
import { expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { startCluster } from "../daemon/support/cluster.ts";

const requests = 3_000;
const atOnce = 40;

test("3,000 hostile requests: truncated, malformed, pipelined, oversized, and the daemon stays healthy (T8, S14)", async () => {
  await using fixture = await startCluster(1, { "listen.http": "127.0.0.1:0" });
  const [node] = fixture.cluster.nodes;
  const [, port] = node!.httpAddress!.split(":");
  const random = new Prng(2_026);
  const statuses = new Map<number, number>();
  const count = (answer: string): void => {
    for (const [, status] of answer.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)) statuses.set(Number(status), (statuses.get(Number(status)) ?? 0) + 1);
    expect(answer).not.toMatch(/\n\s+at .*\.(ts|js):\d+/);
  };
  for (let sent = 0; sent < requests; sent += atOnce) {
    const texts = Array.from({ length: atOnce }, () => hostile(random));
    for (const answer of await Promise.all(texts.map((text) => exchange(Number(port), text)))) count(answer);
  }
  // Each of these kinds was there, and none was our fault.
  expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 400, 404, 405, 413]));
  expect(statuses.get(500)).toBeUndefined();
  const client = fixture.client(node!);
  expect((await client.kv.put("after", "all")).index).toBeGreaterThan(0);
  expect((await client.admin.call("health", {})).healthy).toBe(true);
  const health = await fetch(`http://${node!.httpAddress}/v1/health`);
  expect([health.status, node!.state]).toEqual([200, "ready"]);
}, 120_000);

/** What comes back before the other side closes, or falls silent because it waits for more. */
function exchange(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    socket.on("data", (chunk) => (answer += chunk.toString("latin1")));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(answer));
    // Half closed: a server that has read all of it answers, and has nothing more to wait for.
    socket.end(bytes);
  });
}

function hostile(random: Prng): Buffer {
  const pick = <T>(choices: readonly T[]): T => choices[below(random, choices.length)]!;
  const parts: Buffer[] = [];
  for (let left = 1 + (below(random, 6) === 0 ? below(random, 8) : 0); left > 0; left -= 1) parts.push(oneRequest(random, pick));
  let bytes = Buffer.concat(parts);
  const mutations = below(random, 4) === 0 ? 1 + below(random, 6) : 0;
  for (let done = 0; done < mutations; done += 1) bytes[below(random, bytes.length)] = below(random, 256);
  if (below(random, 6) === 0) bytes = bytes.subarray(0, 1 + below(random, bytes.length));
  return bytes;
}

function oneRequest(random: Prng, pick: <T>(choices: readonly T[]) => T): Buffer {
  const method = pick(["GET", "GET", "PUT", "PUT", "DELETE", "HEAD", "POST", "OPTIONS", "TRACE", "CONNECT", "PATCH", "get", "G\0T", ""]);
  const key = pick(["a", "%00", "%ff%fe", "%", "%g1", "%4", "..%2f..", "../../etc", "k".repeat(1_024), "k".repeat(1_025), "%41".repeat(900), "", "ü", "a/b//c", "a?b", "a#b"]);
  const path = pick([`/v1/kv/${key}`, `/v1/kv/${key}`, `/v1/kv/${key}`, "/v1/kv", "/v1/status", "/v1/health", "/v1/version", `/v1/outcome/${key}`, "/v1/outcome/1:1", "/v1/watch", `/v1/watch?key=${key}`, "/v1/txn", "/v1/txn", "/v1/leases", `/v1/leases/${key}`, "/v1/leases/1", "/v1/leases/1/keep-alive", "//v1/kv/a", "*", "http://other/v1/kv/a", "/", `/${key}`]);
  const parameter = (): string => `${pick(["consistency", "minIndex", "maxLag", "timeout", "limit", "prefix", "start", "end", "ifVersion", "ifAbsent", "ifValue", "encoding", "keyEncoding", "keysOnly", "lease", "response", "key", "fromIndex", "only", "progress", "keys", "__proto__", "", "%"])}${pick(["=", "=", "=", ""])}${pick(["1", "0", "-1", "1e9", "9".repeat(30), "stale", "leader", "linearizable", "base64", "%", "%ff", "10ms", "true", "NaN", ""])}`;
  const query = below(random, 3) === 0 ? `?${Array.from({ length: 1 + below(random, 3) }, parameter).join("&")}` : "";
  const header = (): string => pick([
    "host: a", "host: b", "content-length: 5", "content-length: 99999999999", "content-length: -1", "content-length: 5, 6", "transfer-encoding: chunked", "transfer-encoding: identity, chunked", "expect: 100-continue", "expect: magic",
    "if-match: \"1\"", "if-match: \"99\"", "if-match: W/\"1\"", "if-none-match: *", "if-none-match: x", "raftctl-request: 1:1", "raftctl-request: 0:0", `raftctl-request: ${"9".repeat(40)}:1`, "connection: upgrade", "upgrade: websocket", "connection: close",
    "accept: application/octet-stream", `x: ${"y".repeat(9_000)}`, `x: ${"y".repeat(17_000)}`, " folded", "no colon", ": no name", "na\0me: v", "x: \x01\x02", "accept-encoding: gzip, br", "range: bytes=0-1", "last-event-id: 1", "last-event-id: 1.2", "last-event-id: x",
  ]);
  const lines = ["host: a", ...Array.from({ length: below(random, 4) }, header)];
  const body = pick(["", "", "hello", "5\r\nhello\r\n0\r\n\r\n", "fffffffffffffff\r\n", "-1\r\n", "\0".repeat(100), "x".repeat(20_000), '{"ttl":"1s"}', '{"ttlMs":1e300}', '{"ttlMs":5000,"id":"1"}', '{"then":[{"op":"put","key":"a","value":"1"}]}', '{"then":[{"op":"get","prefix":""}]}', `{"then":${"[".repeat(5_000)}`, "GET /v1/kv/smuggled HTTP/1.1\r\nhost: a\r\n\r\n"]);
  const honest = below(random, 2) === 0 && body !== "" ? [`content-length: ${body.length}`] : [];
  const large = below(random, 150) === 0 ? ["content-length: 2000000"] : [];
  return Buffer.from(`${method} ${path}${query} ${pick(["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/9.9", ""])}\r\n${[...lines, ...honest, ...large].join("\r\n")}\r\n\r\n${body}`, "latin1");
}

function below(random: Prng, limit: number): number {
  return random.integer(0, limit - 1);
}

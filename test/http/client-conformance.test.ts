// One API, three ways to it: what clients rely on holds unchanged over TCP, over the admin socket and over HTTP (S120).

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import type { ReceiptDocument } from "../../src/cli/kv-result.ts";
import { startCluster, type Fixture } from "../daemon/support/cluster.ts";
import { ways, type ClientApi } from "./support/client-api.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startCluster(3, { "listen.http": "127.0.0.1:0" });
});
afterAll(async () => {
  await fixture[Symbol.asyncDispose]();
});

const refusal = async (promise: Promise<unknown>): Promise<RaftctlError> => {
  const error = await promise.then(() => undefined, (thrown: unknown) => thrown);
  if (!(error instanceof RaftctlError)) return expect.unreachable(`the call was expected to be refused, not ${String(error)}`);
  return error;
};

describe.each(Object.entries(ways))("a client over %s (S120)", (name, open) => {
  const nodes = (): ClientApi[] => fixture.cluster.nodes.map((node) => open(node));
  const [key, other] = [`${name}/a key`, `${name}/ä other`];

  test("writes on any node and reads on every other at once, byte for byte (S117, S118, U7)", async () => {
    const clients = nodes();
    for (const [number, client] of clients.entries()) {
      const receipt = await client.put(key, `value ${number}`);
      expect(receipt).toMatchObject({ key, version: String(number + 1), response: "applied" });
      for (const reader of clients) {
        const found = await reader.get(key);
        expect(found).toMatchObject({ found: true, consistency: "linearizable", kvs: [{ key, value: `value ${number}`, encoding: "utf8", version: receipt.version, modIndex: receipt.index }] });
      }
    }
    await clients[0]!.put(other, Uint8Array.of(0, 255, 10));
    expect((await clients[2]!.get(other)).kvs).toMatchObject([{ key: other, value: "AP8K", encoding: "base64" }]);
    expect((await clients[1]!.get(`${name}/none`)).found).toBe(false);
  });

  test("reads as fresh as asked for: the leader's only from the leader, stale with its lag, and not before an index (S117, U7)", async () => {
    const at = Object.fromEntries(fixture.cluster.nodes.map((node) => [node.region.raft.core.role, open(node)]));
    const { index } = await at["follower"]!.put(key, "fresh");
    expect((await at["leader"]!.get(key, { consistency: "leader" })).kvs[0]!.value).toBe("fresh");
    const stale = await at["follower"]!.get(key, { consistency: "stale", minIndex: Number(index), maxLagMs: 60_000 });
    expect(stale.kvs[0]!.value).toBe("fresh");
    expect(stale.staleMs).toBeGreaterThanOrEqual(0);
    expect((await refusal(at["follower"]!.get(key, { consistency: "lease" }))).code).toBe("INVALID_ARGUMENT");
    const early = await refusal(at["follower"]!.get(key, { consistency: "stale", minIndex: Number(index) + 1_000_000, timeoutMs: 300 }));
    expect(early.code).toBe("TIMEOUT");
  });

  test("ranges have a limit and say that there is more, keys alone, and counts alone", async () => {
    const client = nodes()[1]!;
    for (const letter of ["a", "b", "c"]) await client.put(`${name}/r/${letter}`, letter);
    const two = await client.range({ prefix: `${name}/r/`, limit: 2 });
    expect([two.kvs.map(({ value }) => value), two.more]).toEqual([["a", "b"], true]);
    const keys = await client.range({ prefix: `${name}/r/`, keysOnly: true });
    expect(keys.kvs.map((record) => [record.key, record.value])).toEqual(["a", "b", "c"].map((letter) => [`${name}/r/${letter}`, undefined]));
    expect(await client.range({ prefix: `${name}/r/`, countOnly: true })).toMatchObject({ kvs: [], count: 3 });
    expect((await client.deletePrefix(`${name}/r/`)).deleted).toBe(3);
    expect(await client.range({ prefix: `${name}/r/` })).toMatchObject({ found: false, kvs: [], count: 0 });
  });

  test("conditions hold or are refused with the version that is there", async () => {
    const client = nodes()[0]!;
    const place = `${name}/conditional`;
    const first = await client.put(place, "1", { ifAbsent: true });
    const refused = [await refusal(client.put(place, "2", { ifAbsent: true })), await refusal(client.put(place, "2", { ifVersion: 7 })), await refusal(client.delete(place, { ifValue: "x" }))];
    for (const { code, details, hint, message } of refused) {
      expect([code, details!["version"], typeof hint]).toEqual(["CONFLICT", "1", "string"]);
      expect(message).toContain("the key has version 1");
    }
    const second = await client.put(place, "2", { ifVersion: Number(first.version), prev: true });
    expect(second).toMatchObject({ version: "2", prev: { value: "1", version: "1" } });
    expect(await client.delete(place, { ifValue: "2" })).toMatchObject({ deleted: 1 });
    expect(await client.delete(place)).toMatchObject({ deleted: 0 });
    expect(await client.put(place, "3", { response: "committed" })).toMatchObject({ version: null, response: "committed" });
  });

  test("a request that is repeated takes effect once, on whichever node, and its outcome can be asked for (S109, N5)", async () => {
    const clients = nodes();
    const session = String(1_000_000 + Object.keys(ways).indexOf(name));
    const number = (await clients[0]!.reached()) + 1;
    const requestId = `${session}:${number}`;
    const answers: ReceiptDocument[] = [];
    for (const client of clients) answers.push(await client.put(`${name}/once`, "x", { requestId }));
    expect(new Set(answers.map(({ index, version }) => `${index} ${version}`))).toEqual(new Set([`${answers[0]!.index} 1`]));
    expect(answers.every((answer) => answer.requestId === requestId)).toBe(true);
    expect(await clients[2]!.outcome(requestId)).toEqual({ requestId, state: "applied", index: answers[0]!.index, result: "ok" });
    const never = `${session}:${number + 1}`;
    expect(await clients[1]!.outcome(never)).toEqual({ requestId: never, state: "not-applied" });
    const late = await refusal(clients[0]!.put(`${name}/once`, "y", { requestId: never }));
    expect(late).toMatchObject({ code: "CONFLICT", message: expect.stringContaining(never) });
    expect((await clients[0]!.get(`${name}/once`)).kvs[0]!.version).toBe("1");
  });

  test("what is refused is an error with its code, one line, and a remedy", async () => {
    const client = nodes()[2]!;
    const tooLong = await refusal(client.get("k".repeat(1025)));
    expect(tooLong.code).toBe("BAD_REQUEST");
    expect(tooLong.message).not.toContain("\n");
    const empty = await refusal(client.put(key, "v", { requestId: "0:1" }));
    expect(empty).toMatchObject({ code: "INVALID_ARGUMENT", message: 'not a request id: "0:1" (want <session>:<number>, as it was printed)' });
    const ahead = await refusal(client.put(key, "v", { requestId: "5:9007199254740991" }));
    expect(ahead).toMatchObject({ code: "INVALID_ARGUMENT", hint: expect.any(String) });
    expect((await refusal(client.put(key, new Uint8Array(1024 * 1024 + 1)))).code).toBe("TOO_LARGE");
  });
});

test("clients of all ways at once, on all nodes: every acknowledged write counts once, and all read the last one (S120, S125)", async () => {
  const clients = Object.values(ways).flatMap((open) => fixture.cluster.nodes.map((node) => open(node)));
  const writesEach = 10;
  const lanes = clients.map(async (client, lane) => {
    const versions: number[] = [];
    for (let write = 0; write < writesEach; write += 1) versions.push(Number((await client.put("mixed", `${lane}.${write}`)).version));
    return versions;
  });
  const versions = (await Promise.all(lanes)).flat();
  expect(versions.toSorted((left, right) => left - right)).toEqual(Array.from({ length: clients.length * writesEach }, (_, place) => place + 1));
  const seen = await Promise.all(clients.map(async (client) => (await client.get("mixed")).kvs[0]));
  expect(new Set(seen.map((record) => JSON.stringify(record))).size).toBe(1);
  for (const client of clients) client.close();
});

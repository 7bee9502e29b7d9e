import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ReadDocument } from "../../src/cli/read.ts";
import { violations } from "../commands/schema-check.ts";
import { startCluster, type Fixture } from "../daemon/support/cluster.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startCluster(2, { "listen.http": "127.0.0.1:0" });
  const { kv } = fixture.client(fixture.leader());
  for (const letter of "abcde") await kv.put(`k/${letter}`, "old");
});
afterAll(() => fixture[Symbol.asyncDispose]());

const schema = JSON.parse(readFileSync("schemas/get.json", "utf8")) as Record<string, unknown>;

interface Answer {
  readonly status: number;
  readonly result: ReadDocument;
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
}

async function get(path: string, node = fixture.leader()): Promise<Answer> {
  const response = await fetch(`http://${node.httpAddress!}${path}`);
  const document = (await response.json()) as { ok: boolean; result: ReadDocument; error?: NonNullable<Answer["error"]> };
  if (document.ok) expect(violations(document, schema)).toEqual([]);
  return { status: response.status, ...document };
}

async function* following(path: string, node = fixture.leader()): AsyncGenerator<ReadDocument> {
  for (let next: string | undefined = path; next !== undefined;) {
    const { status, result } = await get(next, node);
    expect(status).toBe(200);
    yield result;
    next = result.next;
  }
}

const keysOf = ({ kvs }: ReadDocument): string => kvs.map(({ key, value }) => `${Buffer.from(key, "utf8").toString()}=${value}`).join(" ");

test("pages are followed by their links, each with the state at the index of the first one, whatever is written meanwhile", async () => {
  const { kv } = fixture.client(fixture.leader());
  for (const node of fixture.cluster.nodes) {
    const pages: ReadDocument[] = [];
    for await (const page of following("/v1/kv?prefix=k/&pageSize=2", node)) {
      pages.push(page);
      await kv.put("k/d", "new");
      await kv.put("k/bb", "new");
    }
    expect(pages.map(({ kvs }) => kvs.length)).toEqual(node === fixture.cluster.nodes[0] ? [2, 2, 1] : [2, 2, 2]);
    expect(new Set(pages.map(({ index }) => index)).size).toBe(1);
    if (node === fixture.cluster.nodes[0]) expect(pages.map(keysOf)).toEqual(["k/a=old k/b=old", "k/c=old k/d=old", "k/e=old"]);
  }
  await kv.delete("k/bb");
  await kv.put("k/d", "old");
});

test("the link carries what was asked for: bounds, keys alone, the limit of all pages, how fresh the first one was", async () => {
  const pages: ReadDocument[] = [];
  for await (const page of following("/v1/kv?start=ay9h&keyEncoding=base64&end=azA%3D&pageSize=2&limit=5&keysOnly&consistency=stale")) pages.push(page);
  expect(pages.map(({ kvs, more, consistency }) => [kvs.map(({ key, value }) => [key, value]), more, consistency])).toEqual([
    [[["k/a", undefined], ["k/b", undefined]], true, "stale"], [[["k/c", undefined], ["k/d", undefined]], true, "stale"], [[["k/e", undefined]], false, "stale"],
  ]);
  const limited: number[] = [];
  for await (const { kvs } of following("/v1/kv?prefix=k/&pageSize=2&limit=3")) limited.push(kvs.length);
  expect(limited).toEqual([2, 1]);
  const bytes = Uint8Array.of(0xff, 0, 0x2b);
  const { kv } = fixture.client(fixture.leader());
  for (const last of [1, 2, 3]) await kv.put(Uint8Array.of(...bytes, last), "x");
  const binary: string[] = [];
  for await (const { kvs } of following("/v1/kv?prefix=%FF&pageSize=1")) binary.push(...kvs.map(({ key }) => key));
  expect(binary).toEqual([1, 2, 3].map((last) => Buffer.from([...bytes, last]).toString("base64")));
});

test("a page of the leader alone is asked of the node that answered the first one, whoever leads then", async () => {
  const { result } = await get("/v1/kv?prefix=k/&pageSize=4&consistency=leader");
  const [follower] = fixture.followers();
  expect((await get(result.next!, follower)).error).toMatchObject({ code: "VIEW_GONE" });
  expect((await get(result.next!)).result.kvs).toHaveLength(1);
});

test("what is gone is 410 with VIEW_GONE and what helps: on another node, and behind the last page", async () => {
  const { result } = await get("/v1/kv?prefix=k/&pageSize=4");
  expect(await get(result.next!, fixture.followers()[0])).toMatchObject({ status: 410, error: { code: "VIEW_GONE", hint: "begin again with the first page" } });
  expect((await get(result.next!)).result).toMatchObject({ more: false, index: result.index });
  expect(await get(result.next!)).toMatchObject({ status: 410, error: { code: "VIEW_GONE" } });
});

test.each([
  ["prefix=k/&pageSize=0", "pageSize: 0 is not valid, want 1 to 10000"],
  ["prefix=k/&pageSize=10001", "pageSize: 10001 is not valid"],
  ["prefix=k/&pageSize=2&countOnly", "countOnly: not together with pageSize"],
  ["prefix=k/&view=0123", "prefix: not together with view"],
  ["start=k/&view=0123&minIndex=7", "minIndex: not together with view"],
  ["start=k/&view=0123&maxLag=7s", "maxLag: not together with view"],
  ["view=0123", "say which keys"],
  [`start=k&view=${"0".repeat(65)}`, "view"],
])("?%s is 400", async (words, message) => {
  expect(await get(`/v1/kv?${words}`)).toMatchObject({ status: 400, error: { code: "BAD_REQUEST", message: expect.stringContaining(message) } });
});

test("without pageSize nothing is held, and a range is what it was: one answer that says whether there is more", async () => {
  const { result } = await get("/v1/kv?prefix=k/&limit=2");
  expect([result.more, result.next]).toEqual([true, undefined]);
  expect(Number(result.index)).toBeGreaterThan(0);
});

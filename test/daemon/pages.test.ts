// Ranges of several pages on whole nodes: each page shows the state at the index of the first one, while others write, and what is held for it ends.

import { expect, test } from "vitest";
import { utf8Text } from "../../src/base/bytes.ts";
import { type RaftctlError, toRaftctlError } from "../../src/base/errors.ts";
import { Client } from "../../src/client/client.ts";
import type { KeyValueRecord, ReadResponse } from "../../src/wire/client-protocol.ts";
import { limits } from "../../src/wire/limits.ts";
import { eventually } from "../platform/eventually.ts";
import { startCluster } from "./support/cluster.ts";

/** Five make more than two pages. */
const large = "x".repeat(500_000);
const query = { start: "k/", end: "k0" };

async function fill(client: Client, content = "0"): Promise<void> {
  for (const letter of "abcde") await client.kv.put(`k/${letter}`, content + large);
}

const shown = (records: readonly KeyValueRecord[]): string[] => records.map(({ key, value }) => `${utf8Text(key)}=${utf8Text(value.subarray(0, 1))}`);
const failureOf = (call: Promise<unknown>): Promise<RaftctlError | undefined> => call.then(() => undefined, toRaftctlError);

async function begun(client: Client): Promise<AsyncGenerator<ReadResponse>> {
  const pages = client.kv.pages(query);
  expect((await pages.next()).value).toMatchObject({ more: true, view: expect.stringMatching(/^[0-9a-f]{32}$/) });
  return pages;
}

test("all pages of a range show it at the index of the first one, on any node, whatever is written between two of them (H35)", { timeout: 60_000 }, async () => {
  await using fixture = await startCluster(3);
  const writer = fixture.client(fixture.leader());
  for (const [round, node] of fixture.cluster.nodes.entries()) {
    await fill(writer, String(round));
    const pages: ReadResponse[] = [];
    for await (const page of fixture.client(node).kv.pages(query)) {
      pages.push(page);
      await fill(writer, "w");
      await writer.kv.delete("k/d");
      await writer.kv.put("k/dd", "new");
    }
    expect(pages.length).toBeGreaterThan(2);
    expect(new Set(pages.map(({ index }) => index)).size).toBe(1);
    expect(shown(pages.flatMap(({ records }) => records))).toEqual(["a", "b", "c", "d", "e"].map((letter) => `k/${letter}=${round}`));
    expect(pages.map(({ more, view }) => [more, view !== undefined])).toEqual(pages.map((_, place) => [place < pages.length - 1, place < pages.length - 1]));
    await writer.kv.delete("k/dd");
  }
});

test("a list and the watch behind it have no gap and no repetition between them, while others write", { timeout: 60_000 }, async () => {
  await using fixture = await startCluster(3);
  const [writer, reader] = [fixture.client(fixture.leader()), fixture.client(fixture.followers()[0]!)];
  await fill(writer);
  let goesOn = true;
  const writing = (async () => {
    for (let number = 0; goesOn; number += 1) await writer.kv.put(`k/${"abcde"[number % 5]}`, `${number % 10}${large}`);
    await writer.kv.put("k/end", "");
  })();
  const versions = new Map<string, number>();
  const { records, index, watch } = await reader.listAndWatch({ prefix: "k/" });
  for (const { key, version, modIndex } of records) {
    expect(modIndex).toBeLessThanOrEqual(index);
    versions.set(utf8Text(key)!, version);
  }
  goesOn = false;
  for await (const { key, version } of watch) {
    const name = utf8Text(key)!;
    if (name === "k/end") break;
    expect([name, version]).toEqual([name, versions.get(name)! + 1]);
    versions.set(name, version);
  }
  await writing;
  const { records: now } = await reader.kv.list(query);
  expect(now.filter(({ key }) => utf8Text(key) !== "k/end").map(({ key, version }) => [utf8Text(key), version])).toEqual([...versions]);
});

test("a reader who has had enough leaves nothing behind; one who stands still is BUSY at the bound of his connection (T26)", { timeout: 60_000 }, async () => {
  await using fixture = await startCluster(1);
  const client = fixture.client(fixture.leader());
  await fill(client);
  for (let number = 0; number < 100; number += 1) {
    const pages = await begun(client);
    await pages.return(undefined);
  }
  const open: AsyncGenerator<ReadResponse>[] = [];
  for (let number = 0; number < 32; number += 1) open.push(await begun(client));
  expect(await failureOf(begun(client))).toMatchObject({ code: "BUSY", retryable: true, message: expect.stringContaining("at most 32") });
  // Whoever gets everything in one answer needs none.
  expect((await client.kv.list({ ...query, keysOnly: true })).records).toHaveLength(5);
  await open[0]!.return(undefined);
  await begun(client);
});

test("what is held for a connection ends with it, and makes room for others (T26)", { timeout: 60_000 }, async () => {
  await using fixture = await startCluster(1);
  const node = fixture.leader();
  const clients = Array.from({ length: 4 }, () => fixture.client(node));
  await fill(clients[0]!);
  for (const client of clients) for (let number = 0; number < 32; number += 1) await begun(client);
  const late = fixture.client(node);
  expect(await failureOf(begun(late))).toMatchObject({ code: "BUSY", message: expect.stringContaining("at most 128") });
  clients[0]!.close();
  await eventually(async () => (await failureOf(begun(late)))?.code).toBe(undefined);
});

test("a page of another connection's range is refused, and that one goes on", { timeout: 30_000 }, async () => {
  await using fixture = await startCluster(1);
  const [client, other] = [fixture.client(fixture.leader()), fixture.client(fixture.leader())];
  await fill(client);
  const { view } = await client.kv.range({ ...query, wanted: 5 });
  const next = { view: view!, start: "k/b\0", end: "k0", wanted: 3 };
  expect(await failureOf(other.kv.page(next))).toMatchObject({ code: "VIEW_GONE", hint: "begin again with the first page" });
  await other.kv.closeView(view!);
  expect(shown((await client.kv.page(next)).records)).toEqual(["k/c=0", "k/d=0"]);
});

test("a node that stops ends the pages with VIEW_GONE, also where another node is asked then", { timeout: 60_000 }, async () => {
  await using fixture = await startCluster(3);
  const [node, other] = fixture.followers();
  await using client = new Client({ endpoints: [node!.clientAddress, other!.clientAddress] });
  await fill(client);
  const pages = await begun(client);
  await node!.stop({ transfer: false, drainMs: 0 });
  expect(await failureOf(pages.next())).toMatchObject({ code: "VIEW_GONE", hint: "begin again with the first page" });
  expect((await client.kv.list(query)).records).toHaveLength(5);
});

test("a page may end with the longest key that there can be", { timeout: 30_000 }, async () => {
  await using fixture = await startCluster(1);
  const { kv } = fixture.client(fixture.leader());
  const longest = `k/${"a".repeat(limits.keyBytesMax - 2)}`;
  for (const key of [longest, "k/b", "k/c"]) await kv.put(key, "x".repeat(600_000));
  const pages: ReadResponse[] = [];
  for await (const page of kv.pages(query)) pages.push(page);
  expect(pages.map(({ records }) => records.map(({ key }) => utf8Text(key)))).toEqual([[longest], ["k/b"], ["k/c"]]);
  // As who reads on by himself does, with each page as it is by then.
  expect((await kv.range({ start: `${longest}\0`, limit: 1 })).records.map(({ key }) => utf8Text(key))).toEqual(["k/b"]);
});

import { afterAll, expect, test } from "vitest";
import { utf8Text } from "../../src/base/bytes.ts";
import { type RaftctlError, toRaftctlError } from "../../src/base/errors.ts";
import { Client } from "../../src/client/client.ts";
import type { ReadResponse } from "../../src/wire/client-protocol.ts";
import { FakeDaemon } from "./fake-daemon.ts";

const started: { close(): void }[] = [];
afterAll(() => started.forEach((each) => each.close()));

async function filled(keys = ["a1", "a2", "a3", "a4", "a5"]): Promise<{ fake: FakeDaemon; kv: Client["kv"] }> {
  const fake = await new FakeDaemon().start();
  const client = new Client({ endpoints: [fake.endpoint] });
  started.push({ close: () => (client.close(), void fake.stop()) });
  fake.pageMax = 2;
  for (const key of keys) await client.kv.put(key, "old");
  fake.requests.length = 0;
  return { fake, kv: client.kv };
}

const keysOf = (pages: readonly ReadResponse[]): unknown[] => pages.map(({ records }) => records.map(({ key, value }) => `${utf8Text(key)}=${utf8Text(value)}`).join(" "));
const asked = ({ requests }: FakeDaemon): string[] => requests.map(({ operation }) => operation);
const failureOf = (call: Promise<unknown>): Promise<RaftctlError | undefined> => call.then(() => undefined, toRaftctlError);

test("each page behind the first one is asked of what is held, from behind the last key on, until the end", async () => {
  const { fake, kv } = await filled();
  const pages: ReadResponse[] = [];
  for await (const page of kv.pages({ start: "a", end: "b" })) {
    pages.push(page);
    await kv.put("a4", "new");
    await kv.put("a2a", "new");
  }
  expect(keysOf(pages)).toEqual(["a1=old a2=old", "a3=old a4=old", "a5=old"]);
  expect(new Set(pages.map(({ index }) => index)).size).toBe(1);
  expect(fake.views.size).toBe(0);
});

test("a limit is the sum of all pages, and nothing is held for what is not wanted", async () => {
  const { fake, kv } = await filled();
  for (const [limit, wanted] of [[0, [""]], [1, ["a1=old"]], [2, ["a1=old a2=old"]], [3, ["a1=old a2=old", "a3=old"]], [9, ["a1=old a2=old", "a3=old a4=old", "a5=old"]]] as const) {
    const pages: ReadResponse[] = [];
    for await (const page of kv.pages({ start: "a", limit })) pages.push(page);
    expect([limit, keysOf(pages), pages.at(-1)!.more]).toEqual([limit, wanted, limit < 5]);
    const { records, count, more } = await kv.list({ start: "a", limit });
    expect([records.length, more]).toEqual([Math.min(limit, 5), limit < 5]);
    if (pages.length > 1) expect(count).toBe(records.length);
  }
  expect([fake.views.size, asked(fake).includes("closeView")]).toEqual([0, false]);
});

test("what fits into one answer is one request and holds nothing", async () => {
  const { fake, kv } = await filled(["a1", "a2"]);
  await kv.list({ start: "a" });
  for await (const page of kv.pages({ start: "a" })) expect(page.view).toBeUndefined();
  expect(asked(fake)).toEqual(["range", "range"]);
});

test("a reader who has had enough says so, and he alone", async () => {
  const { fake, kv } = await filled();
  for await (const page of kv.pages({ start: "a" })) if (page.more) break;
  await expect.poll(() => [asked(fake), fake.views.size]).toEqual([["range", "closeView"], 0]);
});

test("pages whose state is gone end with VIEW_GONE: what was yielded stands, and nothing of another index comes behind it", async () => {
  const { fake, kv } = await filled();
  const pages = kv.pages({ start: "a" });
  await pages.next();
  fake.views.clear();
  expect(await failureOf(pages.next())).toMatchObject({ code: "VIEW_GONE" });
  expect(asked(fake)).toEqual(["range", "page"]);
});

test("a connection that breaks between two pages ends them with VIEW_GONE, with its reason", async () => {
  const { fake, kv } = await filled();
  const pages = kv.pages({ start: "a" });
  await pages.next();
  fake.onPage = () => fake.restart();
  expect(await failureOf(pages.next())).toMatchObject({ code: "VIEW_GONE", hint: "begin again with the first page", cause: { code: "CONNECTION_LOST" } });
});

test("a list begins again when its state is gone, since nobody has seen anything of it, and gives up after three times", async () => {
  const { fake, kv } = await filled();
  let losses = 2;
  fake.onPage = async () => {
    if (losses === 0) return;
    losses -= 1;
    await kv.put("a5", `after ${losses}`);
    fake.views.clear();
  };
  const { records, index, view } = await kv.list({ start: "a" });
  expect(keysOf([{ records } as ReadResponse])).toEqual(["a1=old a2=old a3=old a4=old a5=after 0"]);
  expect([index, view]).toEqual([fake.index, undefined]);
  losses = 3;
  expect(await failureOf(kv.list({ start: "a" }))).toMatchObject({ code: "VIEW_GONE" });
});

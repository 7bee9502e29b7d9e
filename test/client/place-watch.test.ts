// What a holder makes of what it hears, and does not hear, of its key.

import { afterEach, expect, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import { Client } from "../../src/client/client.ts";
import { untilPlaceIsGone } from "../../src/client/place-watch.ts";
import { FakeDaemon } from "./fake-daemon.ts";

const open: { stop?(): unknown; close?(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await (thing.stop?.() ?? thing.close?.());
});

async function fixture() {
  const daemon = await new FakeDaemon().start();
  const client = new Client({ endpoints: [daemon.endpoint], timeoutMs: 2_000 });
  open.push(client, daemon);
  const { index } = await client.kv.put("place", "mine");
  const watching = (): number => daemon.requests.filter(({ operation }) => operation === "watch").length;
  return { daemon, client, seen: { key: "place", token: index, index }, watching };
}

const compacted = (): RaftctlError => new RaftctlError("COMPACTED", "forgotten");

test("a watch that has fallen behind looks again: at a key that is still there, and then at its end", async () => {
  const { daemon, client, seen, watching } = await fixture();
  daemon.watchFaults.push(compacted(), new RaftctlError("DENIED", "not now"));
  const gone = untilPlaceIsGone(client, seen, new AbortController().signal);
  await expect.poll(watching).toBe(3);
  await client.kv.delete("place");
  expect(await gone).toBe(true);
});

test("a key that went while nobody was told, and one that came in its place, are not this place", async () => {
  const { daemon, client, seen } = await fixture();
  for (const again of [false, true]) {
    daemon.watchFaults.push(compacted());
    daemon.firstRetained = 1_000;
    await client.kv.delete("place");
    if (again) await client.kv.put("place", "a forgery");
    expect(await untilPlaceIsGone(client, seen, new AbortController().signal)).toBe(true);
  }
});

test("nobody there to ask is no loss: it goes on when somebody answers", async () => {
  const { daemon, client, seen, watching } = await fixture();
  const gone = untilPlaceIsGone(client, seen, new AbortController().signal);
  await expect.poll(watching).toBe(1);
  await daemon.restart();
  await expect.poll(watching).toBeGreaterThan(1);
  await client.kv.delete("place");
  expect(await gone).toBe(true);
});

test("who gives it back ends the watching", async () => {
  const { client, seen, watching } = await fixture();
  const held = new AbortController();
  const gone = untilPlaceIsGone(client, seen, held.signal);
  await expect.poll(watching).toBe(1);
  held.abort();
  expect(await gone).toBe(false);
  expect(await untilPlaceIsGone(client, seen, held.signal)).toBe(false);
});

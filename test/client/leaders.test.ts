// Observers of an election, whatever the daemon still remembers.

import { afterEach, expect, test } from "vitest";
import { Client } from "../../src/client/client.ts";
import type { Leader } from "../../src/client/leader.ts";
import { FakeDaemon } from "./fake-daemon.ts";

const open: { stop?(): unknown; close?(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await (thing.stop?.() ?? thing.close?.());
});

const place = (lease: number): string => `elections/e/${lease.toString(16).padStart(16, "0")}`;

test("an observer that fell so far behind that changes were compacted is told who leads by then, and goes on from there", async () => {
  const daemon = await new FakeDaemon().start();
  const client = new Client({ endpoints: [daemon.endpoint], timeoutMs: 2_000 });
  open.push(client, daemon);
  await client.kv.put(place(1), "one");
  const leaders = client.leaders("e");
  const told = async (): Promise<string | undefined> => {
    const leader = (await leaders.next()).value as Leader | undefined;
    return leader && Buffer.from(leader.value).toString();
  };
  expect(await told()).toBe("one");
  await client.kv.put(place(2), "two");
  await client.kv.delete(place(1));
  daemon.firstRetained = daemon.index + 1;
  expect(await told()).toBe("two");
  // Nobody new leads: that is not told twice.
  daemon.firstRetained = daemon.index + 1;
  const next = told();
  await client.kv.delete(place(2));
  expect(await next).toBeUndefined();
  await leaders.return();
});

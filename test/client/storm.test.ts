// Whatever fails, and whenever: no promise of the library is ever left rejected with nobody to hear it.

import { createServer, type AddressInfo, type Server } from "node:net";
import { afterEach, expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { Client } from "../../src/client/client.ts";
import { FakeDaemon } from "./fake-daemon.ts";

const heard: unknown[] = [];
const hear = (reason: unknown): void => void heard.push(reason);
const servers: Server[] = [];

afterEach(() => {
  process.off("unhandledRejection", hear);
  for (const server of servers.splice(0)) server.close();
});

/** Accepts, and hangs up after a while, or at once. */
async function rude(afterBytes: number): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    if (afterBytes === 0) socket.destroy();
    else socket.once("data", () => socket.end("no frame at all"));
  });
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("a storm of refused, broken and mute connections, of aborts, time limits and closes leaves no unhandled rejection", async () => {
  process.on("unhandledRejection", hear);
  const prng = new Prng(7);
  const fake = await new FakeDaemon().start();
  const places = [fake.endpoint, await rude(0), await rude(1), "127.0.0.1:1"];
  const outcomes = new Map<string, number>();
  const note = (code: string): void => void outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
  const round = async (): Promise<void> => {
    const endpoints = places.filter(() => prng.chance(0.6));
    const client = new Client({ endpoints: endpoints.length === 0 ? places : endpoints, timeoutMs: prng.integer(1, 80), clearUpMs: 40 });
    const controller = new AbortController();
    const calls = Array.from({ length: 8 }, (_, at) => {
      const options = prng.chance(0.5) ? { signal: controller.signal } : {};
      if (prng.chance(0.2)) fake.faults.push(prng.chance(0.5) ? { kind: "executeAndDrop" } : { kind: "silence" });
      const call = at % 3 === 0 ? client.kv.put("k", "v", options) : at % 3 === 1 ? client.kv.get("k", options) : client.admin.call("version", {}, options);
      return call.then(() => note("ok"), (error: { code: string }) => note(error.code));
    });
    const settled = Promise.all(calls);
    if (prng.chance(0.5)) setTimeout(() => controller.abort(), prng.integer(0, 20));
    if (prng.chance(0.5)) setTimeout(() => client.close(), prng.integer(0, 20));
    await settled;
    client.close();
  };
  for (let rounds = 0; rounds < 40; rounds += 1) await Promise.all(Array.from({ length: 5 }, round));
  await fake.stop();
  // Rejections are reported in the turn after the one that leaves them behind.
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  expect(heard).toEqual([]);
  expect([...outcomes.keys()].toSorted()).toEqual(expect.arrayContaining(["CANCELLED", "STOPPED", "UNKNOWN_OUTCOME", "UNREACHABLE", "ok"]));
});

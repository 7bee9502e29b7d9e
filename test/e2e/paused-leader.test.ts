// A leader that stands still and wakes up again does not know that it was deposed. What clients asked it in the meantime lies in its socket
// buffers. It must not answer from its own memory.

import { expect, test } from "vitest";
import { until } from "./support/until.ts";
import { History } from "../../src/cli/check/history.ts";
import { expectLinearizable } from "./support/proof.ts";
import { fast, fastWithLeaseReads } from "./support/settings.ts";
import { startCluster } from "./support/start-cluster.ts";
import { record } from "./support/traffic.ts";

const readsPerRound = 20;

test.each([
  { reads: "reads", rounds: 20, settings: fast, read: { operation: { kind: "get" } } },
  { reads: "lease reads", rounds: 10, settings: fastWithLeaseReads, read: { operation: { kind: "get" }, consistency: "lease" } },
] as const)("$reads that wait in a paused leader's sockets are never answered with an old value (S118, S110, S109, H7, H15, H22, H24)", { timeout: 180_000 }, async ({ rounds, settings, read }) => {
  const cluster = await startCluster({ settings });
  const history = new History(() => performance.now());
  let answered = 0;
  for (let round = 1; round <= rounds; round += 1) {
    const key = `paused/${round}`;
    const old = await cluster.leader();
    const direct = cluster.client({ endpoints: [old.endpoint], timeoutMs: 5000 });
    const others = cluster.client({ endpoints: cluster.endpoints.filter((endpoint) => endpoint !== old.endpoint) });
    expect(await record(history, { process: "writer", key, operation: { kind: "put", value: "old" } }, direct)).toBe("ok");
    old.pause();
    const early = Array.from({ length: readsPerRound }, (_, reader) => record(history, { process: `early${reader}`, key, ...read }, direct));
    await until("write on the majority", async () =>
      ((await record(history, { process: "writer", key, operation: { kind: "put", value: `new${round}` } }, others)) === "ok" ? true : undefined));
    const late = Array.from({ length: readsPerRound }, (_, reader) => record(history, { process: `late${reader}`, key, ...read }, direct));
    old.resume();
    const outcomes = await Promise.all([...early, ...late]);
    answered += outcomes.filter((outcome) => outcome === "ok").length;
    const stale = history.operations().filter((item) => item.key === key && item.process.startsWith("late") && item.output?.value === "old");
    expect(stale, `round ${round}`).toEqual([]);
    await cluster.waitForAgreement();
  }
  expect(answered).toBeGreaterThan(0);
  expectLinearizable(history, rounds);
});

test("a follower that stands still for two election timeouts wakes up without an election (H4, H7)", { timeout: 120_000 }, async () => {
  const cluster = await startCluster({ settings: fast });
  const leader = await cluster.leader();
  const { term } = await leader.region();
  const client = cluster.client();
  for (let round = 1; round <= 10; round += 1) {
    const follower = await cluster.follower();
    follower.pause();
    await until("two election timeouts to pass", async () => {
      const { members } = await leader.region();
      const contact = members.find((member) => member.name === follower.name)?.lastContactMs ?? 0;
      return contact >= 800 ? true : undefined;
    });
    follower.resume();
    await client.kv.put(`round/${round}`, "x");
    await cluster.waitForAgreement();
  }
  expect((await leader.region()).term).toBe(term);
  expect((await cluster.leader()).name).toBe(leader.name);
});

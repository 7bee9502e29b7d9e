// A node whose state goes wrong while it runs, seen from outside: the others go on, and it says what is the matter (S42, H38).

import { expect, test } from "vitest";
import { toRaftctlError } from "../../src/base/errors.ts";
import { diagnose } from "../../src/cli/doctor/diagnosis.ts";
import { checkFacts } from "../../src/cli/doctor/facts-check.ts";
import type { Entry } from "../../src/raft/entry.ts";
import type { RaftStorage } from "../../src/host/raft-storage.ts";
import { answering } from "../cli/doctor/hand-made.ts";
import { startCluster } from "./support/cluster.ts";

const checkpointInterval = 1024;

/** As if a bit of its memory had flipped: one command that it applies is another one. */
function spoilNextCommand(storage: RaftStorage): void {
  const apply = storage.apply.bind(storage);
  let isSpoilt = false;
  storage.apply = (entries) => apply(entries.map((entry) => {
    if (isSpoilt || entry.type !== 1) return entry;
    isSpoilt = true;
    return spoilt(entry);
  }));
}

function spoilt(entry: Entry): Entry {
  const data = entry.data.slice();
  data[data.length - 1]! ^= 1;
  return { ...entry, data };
}

test("a follower whose state differs raises CORRUPT, is not ready, refuses even stale reads, and costs the cluster nothing", { timeout: 30_000 }, async () => {
  await using fixture = await startCluster(3);
  const wrong = fixture.followers()[0]!;
  const client = fixture.client(fixture.leader());
  spoilNextCommand(wrong.region.raft.storage);
  for (let round = 0; round * 64 < checkpointInterval + 128; round += 1) {
    await Promise.all(Array.from({ length: 64 }, (_, number) => client.kv.put(`k${number}`, `v${round}`)));
  }
  await expect.poll(() => wrong.region.raft.divergence?.code, { timeout: 10_000 }).toBe("CORRUPT");
  const asked = fixture.client(wrong);
  const { regions } = await asked.admin.call("status", {});
  expect(regions[0]).toMatchObject({ role: "halted", leader: null, alarms: ["CORRUPT"] });
  const { raft } = await asked.admin.call("diagnose", {});
  expect(raft).toMatchObject({ role: "halted", leader: null, lastContactMs: null, divergence: { index: checkpointInterval, message: expect.stringContaining("a majority has another state") } });
  const health = await asked.admin.call("health", {});
  expect([health.ready, health.checks.find(({ name }) => name === "state")?.ok]).toEqual([false, false]);
  const refused = await asked.kv.get("k0", { consistency: "stale" }).then(() => undefined, toRaftctlError);
  expect([refused?.code, refused?.hint]).toEqual(["CORRUPT", expect.stringContaining("join --fresh")]);
  await client.kv.put("after", "all");
  const other = fixture.cluster.nodes.find((node) => node !== wrong && node !== fixture.leader())!;
  expect((await fixture.client(other).kv.get("after")).record).toBeDefined();
  expect(other.region.raft.divergence).toBeUndefined();
  const diagnosis = diagnose((await Promise.all(fixture.cluster.nodes.map((node) => fixture.client(node).admin.call("diagnose", {})))).map((facts) => answering(checkFacts(facts))));
  expect(diagnosis).toMatchObject({ cause: "state-diverged", causes: [{ severity: "degraded", nodes: [raft.membership.members.find(({ id }) => id === wrong.region.raft.id)?.name] }] });
});

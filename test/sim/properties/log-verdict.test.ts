// The checker that `inspect-log diff` says what is the case: it fails when it should, is silent on legal logs, and the logs of simulated clusters with a
// divergence planted in them are called what they are.

import { crc32 as zlibCrc32 } from "node:zlib";
import { expect, test } from "vitest";
import { crc32 } from "../../../src/base/crc.ts";
import { Prng } from "../../../src/base/prng.ts";
import { compareLogs } from "../../../src/cli/inspect-log/comparison.ts";
import { lastIndexOf, type NodeLog } from "../../../src/cli/inspect-log/node-log.ts";
import type { Entry } from "../../../src/raft/entry.ts";
import { drawPlan } from "../faults/plan.ts";
import { drawKnobs, fork } from "../world/knobs.ts";
import { World } from "../world/world.ts";
import { expectedOf } from "./expected-comparison.ts";
import { nodeLogOf, type LogSight } from "./log-sight.ts";
import { LogVerdict } from "./log-verdict.ts";
import { ReplicaDouble } from "./support/replica-double.ts";
import { runs, stopped, StoredDouble } from "./support/sights.ts";

class Scene {
  now = 0;
  readonly sights: LogSight[];
  readonly property: LogVerdict;

  constructor(...sights: LogSight[]) {
    this.sights = sights;
    this.property = new LogVerdict({ now: () => this.now, crc32, electionTimeout: 100, prng: new Prng(1), sights: () => this.sights });
  }

  /** Everybody who runs has told what it knows, and the next moment has come. */
  look(): void {
    for (const { running } of this.sights) if (running !== undefined) this.property.stepped(running);
    this.now += 800;
    this.property.stepped(this.sights.flatMap(({ running }) => running ?? [])[0]!);
  }

  end(): void {
    const replicas = this.sights.flatMap(({ running }) => running ?? []);
    this.property.ended({ replicas, convergedMs: 1, pendingOperations: 0, outcasts: [] });
  }
}

function replica(name: string, terms: readonly number[], commitIndex: number): ReplicaDouble {
  const made = new ReplicaDouble(name, terms);
  made.commitIndex = commitIndex;
  return made;
}

/** As if a byte of one entry had changed in memory. */
function spoil(double: ReplicaDouble, index: number): void {
  const place = index - double.snapshotIndex - 1;
  const entry: Entry = double.entries[place]!;
  double.entries[place] = { ...entry, data: Uint8Array.from(entry.data, (byte) => byte ^ 1) };
}

test("logs that are identical, behind, compacted, stopped, or differ where nothing is committed are legal (§5.3)", () => {
  const compacted = replica("n3", [1, 1, 2, 2], 3);
  compacted.compact(2);
  const scene = new Scene(
    runs(replica("n1", [1, 1, 2, 2], 3)), runs(replica("n2", [1, 1, 2], 3)), runs(compacted), runs(replica("n4", [1, 1, 1, 1, 1], 2)),
    stopped("n5", new StoredDouble({ terms: [1, 1, 1], commitIndex: 1 })), stopped("n6", new StoredDouble({ snapshot: { index: 2, term: 1 }, terms: [1] })), stopped("n7", new StoredDouble({})),
  );
  scene.look();
  const ended = new Scene(runs(replica("n1", [1, 2], 2)), runs(replica("n2", [1, 2], 1)), stopped("n3", new StoredDouble({ terms: [1] })));
  ended.end();
});

test("different entries at an index that both know to be committed are told: the verdict is committed divergence (§5.4)", () => {
  const [n1, n2] = [replica("n1", [1, 1, 2], 3), replica("n2", [1, 1, 2], 3)];
  spoil(n2, 2);
  expect(() => new Scene(runs(n1), runs(n2)).look()).toThrow("n1 and n2 are called committed-divergence at 2, and are identical at no index");
});

test("other content under the same index and term is told, committed or not (§5.3)", () => {
  const [n1, n2] = [replica("n1", [1, 1], 0), replica("n2", [1, 1], 0)];
  spoil(n1, 2);
  expect(() => new Scene(runs(n1), runs(n2)).look()).toThrow("n1 and n2 are called log-matching-violation at 2");
});

test("two terms at a committed index are told as what they are: nobody may show what was not committed as committed (§5.4)", () => {
  expect(() => new Scene(runs(replica("n1", [1, 2], 2)), runs(replica("n2", [1, 1], 2))).look()).toThrow("n2 shows index 2 of term 1 as committed, where term 2 is");
  expect(() => new Scene(runs(replica("n1", [1], 0)), stopped("n2", new StoredDouble({ terms: [1, 1], commitIndex: 2 }))).look()).toThrow("n2 shows index 2 of term 1 as committed, which nobody has committed");
});

test("the membership that a founder begins with is committed, though its first start ended before it could say so", () => {
  new Scene(runs(replica("n2", [], 0)), stopped("n1", new StoredDouble({ terms: [1], commitIndex: 1 }))).look();
});

test("what one event committed, applied and compacted away was committed all the same", () => {
  const n1 = replica("n1", [1, 1, 1], 1);
  const scene = new Scene(runs(n1), stopped("n2", new StoredDouble({ terms: [1, 1], commitIndex: 2 })));
  scene.property.stepped(n1);
  scene.property.applied(n1, n1.entries);
  n1.commitIndex = 3;
  n1.compact(3);
  scene.look();
});

test("what a process had committed when it died in the middle of an event, and had written down, was committed all the same", () => {
  const n1 = replica("n1", [1, 1, 1], 1);
  const scene = new Scene(runs(replica("n2", [1], 1)), runs(n1));
  scene.look();
  n1.commitIndex = 3;
  scene.property.dying(n1);
  scene.sights[1] = stopped("n1", new StoredDouble({ terms: [1, 1, 1], commitIndex: 3 }));
  scene.look();
});

test("snapshots of one index with other content are told (§7)", () => {
  const [n1, n2] = [replica("n1", [1, 1], 2), replica("n2", [1, 1], 2)];
  for (const one of [n1, n2]) one.compact(1);
  const other: LogSight = { ...runs(n2), snapshot: { index: 1, term: 1, digest: "other" } };
  expect(() => new Scene(runs(n1), other).look()).toThrow("n1 and n2 are called committed-divergence at 1");
});

test("damage is told where nothing was damaged, and is expected where a byte was changed", () => {
  const disk = new StoredDouble({ terms: [1, 1, 1] });
  disk.unreadable = 2;
  expect(() => new Scene(runs(replica("n1", [1], 0)), stopped("n2", disk)).look()).toThrow("n2 is called damaged, though nothing is");
  new Scene(runs(replica("n1", [1, 1, 1], 0)), stopped("n2", disk, true)).look();
});

test("at rest all members have to be identical; who is stopped, and what was drawn on the way, may be behind", () => {
  const scene = new Scene(runs(replica("n1", [1, 1], 1)), runs(replica("n2", [1], 1)));
  scene.look();
  expect(() => scene.end()).toThrow("the logs of n1, n2 are called missing-tail when the cluster is at rest");
});

test("it looks only when a drawn moment has come, and a few times before the end", () => {
  const one = replica("n1", [1], 1);
  let [now, looks] = [0, 0];
  const sights = (): LogSight[] => {
    looks += 1;
    return [runs(one)];
  };
  const property = new LogVerdict({ now: () => now, crc32, electionTimeout: 100, prng: new Prng(1), sights });
  for (; now < 100_000; now += 1) {
    property.stepped(one);
    if (now === 0) expect(looks).toBe(0);
  }
  expect(looks).toBe(5);
});

async function logsOfSeed(seed: number): Promise<NodeLog[]> {
  const knobs = drawKnobs(fork(seed, "knobs"));
  const world = new World({ seed, knobs, plan: drawPlan(fork(seed, "plan"), knobs), crc32: zlibCrc32 });
  await world.run();
  return world.logSights().map((sight) => nodeLogOf(sight, crc32));
}

test("a divergence that is planted below the commit index of a simulated cluster is called committed divergence, at its index, and a cut tail is not (N2)", async () => {
  let planted = 0;
  for (let seed = 1; seed <= 12; seed += 1) {
    const logs = await logsOfSeed(seed);
    const wrong = logs.find(({ commitIndex, start }) => commitIndex > start.index);
    const right = logs.find((log) => log !== wrong && wrong !== undefined && Math.min(log.commitIndex, wrong.commitIndex) > Math.max(log.start.index, wrong.start.index));
    if (wrong === undefined || right === undefined) continue;
    planted += 1;
    const index = Math.min(right.commitIndex, wrong.commitIndex);
    const replaced = { ...wrong, entries: wrong.entries.map((entry) => (entry.index === index ? { ...entry, term: entry.term + 1, crc: entry.crc ^ 1 } : entry)) };
    const { verdict, firstDifference, pairs } = compareLogs([right, replaced]);
    expect([verdict, pairs[0]?.differsAt, firstDifference?.committedOn], `seed ${seed}`).toEqual(["committed-divergence", index, [right.name, wrong.name]]);
    const cut = { ...wrong, commitIndex: Math.min(wrong.commitIndex, index - 1), entries: wrong.entries.slice(0, index - 1 - wrong.start.index) };
    expect(compareLogs([right, cut])).toMatchObject({ verdict: "missing-tail", pairs: [{ differsAt: index }] });
    expect(expectedOf(right, cut)).toEqual({ verdict: "missing-tail", differsAt: lastIndexOf(cut) + 1 });
  }
  expect(planted).toBeGreaterThan(6);
});

// The list of all properties: each file is on it, each has a name of its own, and together they are silent in a small legal run.

import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { crc32 } from "../../../src/base/crc.ts";
import { Prng } from "../../../src/base/prng.ts";
import { idOf } from "../../raft/harness/members.ts";
import { allProperties } from "./all.ts";
import { noop, ok, put } from "./support/commands.ts";
import { DisksDouble } from "./support/disks-double.ts";
import { elected } from "./support/events.ts";
import { acknowledged, requestVote, voteGranted } from "./support/messages.ts";
import { ReplicaDouble } from "./support/replica-double.ts";
import { Watch } from "./watch.ts";

const disks = new DisksDouble();
const logs = { prng: new Prng(1), sights: () => [] };

test("every property of this folder is on the list, under a name of its own", () => {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
  const written = files.map((file) => readFileSync(`${import.meta.dirname}/${file}`, "utf8")).flatMap((text) => /export class (\w+) implements Property/.exec(text)?.[1] ?? []);
  const properties = allProperties({ now: () => 0, disks, crc32, logs, electionTimeout: 100 });
  expect(properties.map((property) => property.constructor.name).toSorted()).toEqual(written.toSorted());
  expect(new Set(properties.map(({ name }) => name)).size).toBe(26);
});

/** n1 is elected in term 1 by n2 and commits a no-op and a put; n3 hears of nothing. */
function electAndCommit(watch: Watch, [n1, n2, n3]: readonly [ReplicaDouble, ReplicaDouble, ReplicaDouble]): void {
  for (const replica of [n1, n2, n3]) watch.booted(replica);
  n1.role = "candidate";
  n1.vote = n1.id;
  watch.stepped(n1);
  disks.holdAllOf(n1);
  watch.sending(n1, n2.id, requestVote("n1", 1));
  n2.vote = n1.id;
  disks.holdAllOf(n2);
  watch.sending(n2, n1.id, voteGranted(1));
  n1.lead(1);
  const entries = [noop(1), put(2, "k", "v")];
  for (const replica of [n1, n2]) replica.entries = [...entries];
  watch.observed(n1, elected(1));
  watch.stepped(n1);
  watch.stepped(n2);
  disks.holdAllOf(n1, n2);
  watch.sending(n2, n1.id, acknowledged(1, 2));
  for (const replica of [n1, n2]) {
    replica.commitIndex = 2;
    watch.stepped(replica);
    watch.applied(replica, entries, [undefined, ok(2, 1)]);
    replica.apply(2);
    watch.stepped(replica);
  }
  watch.answered({ client: "c1", node: "n1", boot: 1, kind: "write", index: 2 });
}

test("together they are silent in a small legal run with a crash and a snapshot", () => {
  const watch = new Watch(allProperties({ now: () => 0, disks, crc32, logs, electionTimeout: 100 }));
  const [n1, n2, n3] = [new ReplicaDouble("n1"), new ReplicaDouble("n2"), new ReplicaDouble("n3")];
  electAndCommit(watch, [n1, n2, n3]);
  watch.crashed("n2");
  watch.killed("n2");
  n2.reboot();
  watch.booted(n2);
  watch.installed(n3, 2);
  n3.install(2, 1);
  watch.stepped(n3);
  watch.ended({ replicas: [n1, n2, n3], convergedMs: 1_000, pendingOperations: 0, outcasts: [] });
});

test("they are watched through the bounds that they are given", () => {
  const watch = new Watch(allProperties({ now: () => 0, disks, crc32, logs, electionTimeout: 100, electionTimeoutsMax: 9, queuesEveryEvents: 1 }));
  const leader = new ReplicaDouble("n1");
  leader.lead(1);
  expect(() => watch.ended({ replicas: [leader], convergedMs: 1_000, pendingOperations: 0, outcasts: [] })).toThrow("at most 9");
  leader.held = [{ name: "reads", held: 2, max: 1 }];
  expect(() => watch.stepped(leader)).toThrow("Bounded Queues");
  expect(() => watch.sending(new ReplicaDouble("n9"), idOf("n1"), voteGranted(1))).toThrow("Said Is Durable");
});

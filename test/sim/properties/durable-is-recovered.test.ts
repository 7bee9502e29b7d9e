// The checker that what was durable is recovered: it fails when it should, and is silent in legal runs.

import { expect, test } from "vitest";
import { DurableIsRecovered } from "./durable-is-recovered.ts";
import { DisksDouble } from "./support/disks-double.ts";
import { ReplicaDouble } from "./support/replica-double.ts";

interface Scene {
  readonly property: DurableIsRecovered;
  readonly disks: DisksDouble;
  readonly replica: ReplicaDouble;
}

/** n1 has run in term 3 with the log 1 1 2, all of it durable, and a vote for node 2. */
function scene(): Scene {
  const disks = new DisksDouble();
  const property = new DurableIsRecovered(disks);
  const replica = new ReplicaDouble("n1", [1, 1, 2]);
  replica.currentTerm = 3;
  replica.vote = "2";
  property.booted(replica);
  disks.holdAllOf(replica);
  return { property, disks, replica };
}

/** The process dies, and the next one finds what `change` makes of it. */
function restart({ property, replica }: Scene, change: (replica: ReplicaDouble) => void): void {
  property.crashed("n1");
  replica.reboot();
  change(replica);
  property.booted(replica);
}

test("a term that went back, and a vote that was lost or changed, are violations (H1)", () => {
  expect(() => restart(scene(), (replica) => (replica.currentTerm = 2))).toThrow("n1 recovers (boot 2) and has term 2, where its disk held term 3");
  expect(() => restart(scene(), (replica) => (replica.vote = undefined))).toThrow("has no vote in term 3, where its disk held one for node 2");
  expect(() => restart(scene(), (replica) => (replica.vote = "3"))).toThrow("has a vote for node 3 in term 3");
});

test("a durable entry that is gone, or is another one, is a violation (H34)", () => {
  expect(() => restart(scene(), (replica) => replica.truncateFrom(3))).toThrow("has nothing at index 3, where its disk held one of term 2");
  const older = scene();
  older.replica.truncateFrom(3);
  older.replica.write(3);
  older.property.stepped(older.replica);
  older.disks.holdAllOf(older.replica);
  const resurrect = (replica: ReplicaDouble): void => {
    replica.truncateFrom(3);
    replica.write(2);
  };
  expect(() => restart(older, resurrect)).toThrow("has an entry of term 2 at index 3, where its disk held one of term 3");
});

test("an entry that this node never wrote is a violation (H13)", () => {
  expect(() => restart(scene(), (replica) => replica.write(2))).toThrow("has an entry of term 2 at index 4 that nobody ever wrote");
});

test("a durable snapshot that is gone is a violation (H34)", () => {
  const it = scene();
  it.replica.compact(2);
  it.property.stepped(it.replica);
  it.disks.holdAllOf(it.replica);
  const forget = (replica: ReplicaDouble): void => {
    replica.snapshotIndex = 1;
    replica.snapshotTerm = 1;
  };
  expect(() => restart(it, forget)).toThrow("begins after index 1, where its disk held a snapshot up to 2");
});

test("what a snapshot agrees with is kept behind it (Figure 13, rule 6; H33)", () => {
  const drop = (replica: ReplicaDouble): void => replica.install(2, 1);
  expect(() => restart(scene(), drop)).toThrow("has nothing at index 3");
});

test("a node that dies again while it recovers still owes what the first process left (H34)", () => {
  const it = scene();
  it.property.crashed("n1");
  it.disks.hold("n1", { term: 3, votedFor: "2", terms: [1] });
  expect(() => restart(it, (replica) => replica.truncateFrom(2))).toThrow("has nothing at index 2, where its disk held one of term 1");
});

test("what was not durable may be lost, and may be there", () => {
  const it = scene();
  it.replica.write(3, 3);
  it.replica.currentTerm = 5;
  it.replica.vote = undefined;
  it.property.stepped(it.replica);
  restart(it, (replica) => {
    replica.truncateFrom(5);
    replica.currentTerm = 4;
  });
});

test("a write that was under way may have replaced a durable suffix (§5.3)", () => {
  const it = scene();
  it.replica.truncateFrom(2);
  it.replica.write(3, 3, 3);
  it.property.stepped(it.replica);
  restart(it, (replica) => replica.truncateFrom(3));
});

test("a write that came in the event in which the process died was seen by nobody, and may be there", () => {
  const it = scene();
  restart(it, (replica) => {
    replica.truncateFrom(3);
    replica.write(3, 3);
  });
});

test("what another node has shown may be there: it was on its way when the process died", () => {
  const it = scene();
  it.property.stepped(new ReplicaDouble("n2", [1, 1, 2, 2]));
  restart(it, (replica) => replica.write(2));
});

test("a received snapshot ends a log that disagrees with it, or that is shorter (Figure 13, rule 7)", () => {
  const disagreeing = scene();
  restart(disagreeing, (replica) => replica.install(2, 2));
  const shorter = scene();
  restart(shorter, (replica) => replica.install(9, 3));
});

test("a wiped node owes nothing (H8)", () => {
  const it = scene();
  it.property.crashed("n1");
  it.property.wiped("n1");
  it.replica.reboot();
  it.replica.truncateFrom(1);
  it.replica.currentTerm = 0;
  it.property.booted(it.replica);
});

test("a boot is compared with the last death only once, and each death with what was durable then", () => {
  const it = scene();
  restart(it, () => undefined);
  it.replica.truncateFrom(3);
  it.replica.write(4);
  it.property.stepped(it.replica);
  it.disks.holdAllOf(it.replica);
  restart(it, () => undefined);
});

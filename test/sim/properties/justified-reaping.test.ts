// The checker that only the dead are removed by their leader: it fails when it should, and is silent when there is a reason.

import { expect, test } from "vitest";
import { idOf, membershipOf } from "../../raft/harness/members.ts";
import { JustifiedReaping } from "./justified-reaping.ts";
import { acknowledged } from "./support/messages.ts";
import { ReplicaDouble } from "./support/replica-double.ts";

/** n1 leads four voters from time 0 on, and n2 and n3 answer whenever time passes. */
class Led {
  now = 0;
  readonly leader = new ReplicaDouble("n1");
  readonly property = new JustifiedReaping({ now: () => this.now, electionTimeout: 100, reaping: { afterElectionTimeouts: 4, minVoters: 3 } });

  constructor() {
    this.leader.membership = membershipOf({ voters: ["n1", "n2", "n3", "n4"], learners: ["n5"] });
    this.leader.lead(1);
    this.property.stepped(this.leader);
  }

  pass(ms: number, answering: readonly string[] = ["n2", "n3"]): this {
    this.now += ms;
    for (const name of answering) this.hear(name, this.leader.currentTerm);
    return this;
  }

  hear(name: string, term: number): void {
    this.property.heard(this.leader, idOf(name), acknowledged(term, 1));
  }

  reap(name: string): void {
    this.property.reaping(this.leader, idOf(name));
  }
}

test("a voter that was silent for long, with enough others that answer, may go, and so may a learner whoever answers", () => {
  expect(() => new Led().pass(400).reap("n4")).not.toThrow();
  expect(() => new Led().pass(2_000, []).reap("n5")).not.toThrow();
});

test("who has answered lately is not dead (S91)", () => {
  const led = new Led().pass(400);
  led.hear("n4", 1);
  expect(() => led.pass(50).reap("n4")).toThrow("Justified Reaping: n1 removes n4 as dead, which has answered 50 ms ago");
  expect(() => led.pass(350).reap("n4")).not.toThrow();
});

test("who comes back while it is removed may be too late, and who came back before is not", () => {
  const led = new Led().pass(400);
  led.hear("n4", 1);
  led.pass(20);
  led.hear("n4", 1);
  expect(() => led.reap("n4")).not.toThrow();
  expect(() => led.pass(10).reap("n4")).toThrow("which has answered 30 ms ago");
});

test("an answer to an earlier term, and of a disk that went back, is none", () => {
  const led = new Led().pass(400);
  led.hear("n4", 0);
  expect(() => led.reap("n4")).not.toThrow();
  led.hear("n4", 1);
  led.property.observed(led.leader, { kind: "peerRegressed", peer: idOf("n4"), acknowledged: 5, lastLogIndex: 1 });
  expect(() => led.reap("n4")).not.toThrow();
});

test("a leader waits from when its term began, in each term and each boot, and who does not lead removes nobody", () => {
  expect(() => new Led().pass(50).reap("n4")).toThrow("removes n4 as dead, which has led for 50 ms only");
  const again = new Led().pass(400);
  again.leader.lead(2);
  again.property.stepped(again.leader);
  expect(() => again.pass(50).reap("n4")).toThrow("which has led for 50 ms only");
  const rebooted = new Led().pass(400);
  rebooted.leader.boot = 2;
  rebooted.property.stepped(rebooted.leader);
  expect(() => rebooted.pass(50).reap("n4")).toThrow("which has led for 50 ms only");
  const deposed = new Led().pass(400);
  deposed.leader.follow(2);
  deposed.property.stepped(deposed.leader);
  expect(() => deposed.pass(400).reap("n4")).toThrow("which does not lead");
});

test("never below the wanted voters, and never to where those that answer decide nothing", () => {
  expect(() => new Led().pass(2_000, ["n2"]).reap("n4")).toThrow("though only 2 other voters are up, and 3 are wanted");
  const led = new Led().pass(2_000, ["n2", "n3"]);
  led.leader.membership = membershipOf({ voters: ["n1", "n2", "n3", "n4", "n6", "n7", "n8"] });
  expect(() => led.reap("n4")).toThrow("though 3 of the 6 voters that are left are up, which decide nothing");
});

test("where nobody wants it, nobody is removed", () => {
  const property = new JustifiedReaping({ now: () => 0, electionTimeout: 100, reaping: undefined });
  expect(() => property.reaping(new ReplicaDouble("n1"), idOf("n2"))).toThrow("n1 removes n2 as dead, though nobody wants that");
});

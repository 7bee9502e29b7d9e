// The checker that nobody is told the same thing without pause: it fails when it should, and is silent in legal runs.

import { expect, test } from "vitest";
import { idOf } from "../../raft/harness/members.ts";
import { BoundedRepetition } from "./bounded-repetition.ts";
import { ReplicaDouble } from "./support/replica-double.ts";
import { heartbeat, voteGranted } from "./support/messages.ts";

class Talk {
  now = 0;
  readonly leader = new ReplicaDouble("n1");
  readonly property = new BoundedRepetition({ now: () => this.now, electionTimeout: 100, repetitionsMax: 5 });

  say(times: number, { to = "n2", term = 1, prevLogIndex = 0 } = {}): void {
    for (let time = 0; time < times; time += 1) this.property.sending(this.leader, idOf(to), { ...heartbeat("n1", term), prevLogIndex });
  }
}

test("the same request more often than the bound, without an election timeout in between, is a violation (H41)", () => {
  const talk = new Talk();
  talk.say(5);
  talk.now = 99;
  expect(() => talk.say(1)).toThrow("n1 has sent n2 6 requests behind index 0 within 100 ms");
});

test("what goes to another peer, behind another entry, in another term or later is legal, and so are votes", () => {
  const talk = new Talk();
  talk.say(5);
  talk.say(5, { to: "n3" });
  talk.say(5, { prevLogIndex: 7 });
  talk.say(5, { term: 2 });
  talk.now = 100;
  talk.say(5, { term: 2 });
  for (let time = 0; time < 9; time += 1) talk.property.sending(talk.leader, idOf("n2"), voteGranted(2));
});

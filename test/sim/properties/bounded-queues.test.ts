// The checker that queues stay within their bounds: it fails when it should, and is silent in legal runs.

import { expect, test } from "vitest";
import { BoundedQueues } from "./bounded-queues.ts";
import { ReplicaDouble } from "./support/replica-double.ts";

function holding(held: number): ReplicaDouble {
  const replica = new ReplicaDouble("n1");
  replica.held = [{ name: "proposals", held: 0, max: 3 }, { name: "reads", held, max: 3 }];
  return replica;
}

test("a queue above its bound is a violation", () => {
  expect(() => new BoundedQueues(1).stepped(holding(4))).toThrow("n1 holds 4 in reads, at most 3 may be there");
});

test("a queue that stays above its bound is found, although not every event is looked at", () => {
  const property = new BoundedQueues(8);
  property.stepped(holding(3));
  const events = (): void => {
    for (let event = 0; event < 8; event += 1) property.stepped(holding(4));
  };
  expect(events).toThrow("Bounded Queues");
});

test("at the end every queue is looked at", () => {
  const property = new BoundedQueues(8);
  property.stepped(holding(3));
  expect(() => property.ended({ replicas: [holding(4)], convergedMs: 1, pendingOperations: 0, outcasts: [] })).toThrow("Bounded Queues");
});

test("a full queue is legal", () => {
  const property = new BoundedQueues(1);
  property.stepped(holding(3));
  property.ended({ replicas: [holding(3)], convergedMs: 1, pendingOperations: 0, outcasts: [] });
});

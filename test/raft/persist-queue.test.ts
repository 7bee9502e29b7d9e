// Which index is durable, and on which batch a message depends, while several batches are on their way to the disk.

import { expect, test } from "vitest";
import { AssertionFailure } from "../../src/base/assert.ts";
import { PersistQueue } from "../../src/raft/persist-queue.ts";

const fresh = { currentTerm: 0, votedFor: undefined, commitIndex: 0 };
const termOne = { currentTerm: 1, votedFor: "2", commitIndex: 0 };

test("batches are numbered without gaps, and an index is durable when its batch is (H17)", () => {
  const queue = new PersistQueue(fresh, 0);
  expect([queue.handOut(3, undefined, 0), queue.handOut(5, undefined, 1)]).toEqual([1, 2]);
  expect(queue.persistedIndex).toBe(0);
  queue.persisted(1, 30);
  expect(queue.persistedIndex).toBe(3);
  queue.persisted(2, 30);
  expect(queue.persistedIndex).toBe(5);
});

test("one completion may speak for several batches", () => {
  const queue = new PersistQueue(fresh, 0);
  queue.handOut(3, undefined, 0);
  queue.handOut(5, undefined, 0);
  queue.persisted(2, 30);
  expect(queue.persistedIndex).toBe(5);
  expect(queue.idle).toBe(true);
});

test("a batch does not vouch for entries that have replaced its own (H19)", () => {
  const queue = new PersistQueue(fresh, 0);
  queue.handOut(5, undefined, 0);
  queue.truncatedFrom(3);
  queue.handOut(6, undefined, 0);
  queue.persisted(1, 30);
  expect(queue.persistedIndex).toBe(2);
  queue.persisted(2, 30);
  expect(queue.persistedIndex).toBe(6);
});

test("what was durable and is replaced is not durable any more (H19)", () => {
  const queue = new PersistQueue(fresh, 8);
  queue.truncatedFrom(4);
  expect([queue.persistedIndex, queue.handedOutIndex]).toEqual([3, 3]);
});

test("a message depends on the first batch that holds what it speaks of (H1, H17)", () => {
  const queue = new PersistQueue(fresh, 2);
  expect(queue.dependency(2, false)).toBeUndefined();
  expect(queue.dependency(3, false)).toBe(1);
  expect(queue.dependency(0, true)).toBe(1);
  queue.handOut(4, undefined, 0);
  queue.handOut(6, termOne, 0);
  expect(queue.dependency(4, false)).toBe(2);
  queue.persisted(2, 30);
  expect(queue.dependency(6, false)).toBeUndefined();
});

test("a term or vote on its way holds back everything that speaks of it, a mere commit hint nothing", () => {
  const queue = new PersistQueue(fresh, 0);
  queue.handOut(0, { ...fresh, commitIndex: 4 }, 0);
  expect(queue.dependency(0, false)).toBeUndefined();
  queue.handOut(0, termOne, 0);
  expect(queue.dependency(0, false)).toBe(2);
});

test("a term that was written during an install does not vouch for the log from before it", () => {
  const queue = new PersistQueue(fresh, 8);
  queue.handOut(8, termOne, 0);
  queue.restored(5);
  queue.persisted(1, 30);
  expect([queue.persistedIndex, queue.handedOutIndex]).toEqual([5, 5]);
});

test("knows since when the disk owes an answer: a batch behind another one is due once that one is durable (H46)", () => {
  const queue = new PersistQueue(fresh, 0);
  expect(queue.silentSince).toBeUndefined();
  queue.handOut(1, undefined, 10);
  queue.handOut(2, undefined, 20);
  queue.persisted(1, 30);
  expect(queue.silentSince).toBe(30);
  queue.persisted(2, 40);
  queue.handOut(3, undefined, 50);
  expect(queue.silentSince).toBe(50);
});

test("a completion of a batch that was never handed out is our own bug", () => {
  expect(() => new PersistQueue(fresh, 0).persisted(1, 30)).toThrow(AssertionFailure);
});

import { expect, test } from "vitest";
import { utf8, utf8Text } from "../../../src/base/bytes.ts";
import { RaftctlError, toRaftctlError } from "../../../src/base/errors.ts";
import { globalRegion } from "../../../src/base/ids.ts";
import { Milestones } from "../../../src/host/milestones.ts";
import type { WatchedLog } from "../../../src/host/watch/event-source.ts";
import { type WatchAnswer, Watches, type WatchedRegion, type WatchLimits } from "../../../src/host/watch/watches.ts";
import { Machine } from "../../../src/machine/machine.ts";
import { MemoryStore } from "../../../src/machine/memory-store.ts";
import type { Entry } from "../../../src/raft/entry.ts";
import type { WatchRequest } from "../../../src/wire/client-protocol.ts";
import type { Command } from "../../../src/wire/command.ts";
import { asyncOf, del, entryOf, put } from "../../machine/bytes-of.ts";
import { codeOf, watch } from "../support/members.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

/** A node that applies what it is told to: a machine, the log that it keeps in memory, and who waits. */
class Node implements WatchedRegion {
  readonly clock = new VirtualClock();
  readonly store = new MemoryStore();
  readonly machine = new Machine({ store: this.store });
  readonly milestones = new Milestones(this.clock);
  readonly watches: Watches;
  log: Entry[] = [];
  first = 1;
  divergence: RaftctlError | undefined;

  constructor(limits?: WatchLimits) {
    this.watches = new Watches({ region: this, machine: this.machine, clock: this.clock, ...(limits === undefined ? {} : { limits }) });
  }

  get auditTrail(): WatchedLog {
    return { first: this.first, entries: (from, to) => this.log.filter(({ index }) => index >= Math.max(from, this.first) && index <= to) };
  }

  waitForApplied(index: number, timeoutMs: number): Promise<number> {
    return this.machine.lastApplied >= index ? Promise.resolve(index) : this.milestones.untilApplied(index, timeoutMs);
  }

  async run(...commands: Command[]): Promise<void> {
    const entries = commands.map((command, place) => entryOf(this.machine.lastApplied + 1 + place, command)) as Entry[];
    this.log = [...this.log, ...entries];
    this.machine.applyBatch(entries);
    this.milestones.applied(this.machine.lastApplied);
    await this.clock.settle();
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
    this.milestones.expire(this.clock.now());
    await this.clock.settle();
  }

  ask(extra: Partial<WatchRequest> = {}, owner: object = this): Promise<WatchAnswer> {
    return this.watches.watch({
      operation: "watch", region: globalRegion, start: undefined, end: undefined, fromIndex: 1, waitMs: 1_000, eventsMax: 1_000, bytesMax: 100_000, puts: true, deletes: true,
      keysOnly: false, ...extra,
    }, owner);
  }
}

const key = (name: string): Pick<WatchRequest, "start" | "end"> => ({ start: utf8(name), end: utf8(`${name}\0`) });
const prefix = (name: string): Pick<WatchRequest, "start" | "end"> => ({ start: utf8(name), end: utf8(`${name}~`) });

function shown({ events, nextIndex }: WatchAnswer): unknown {
  return [events.map(({ index, kind, key: name, value }) => `${index} ${kind} ${utf8Text(name)}=${utf8Text(value)}`), nextIndex];
}

test("what has changed already is answered at once, from the index on that was asked for, and only of the keys that were", async () => {
  const node = new Node();
  await node.run(put("a", "1"), put("b", "2"), del("a"), put("b", "3"));
  expect(shown(await node.ask())).toEqual([["1 put a=1", "2 put b=2", "3 delete a=", "4 put b=3"], 5]);
  expect(shown(await node.ask({ ...key("b"), fromIndex: 3 }))).toEqual([["4 put b=3"], 5]);
  expect(shown(await node.ask({ puts: false }))).toEqual([["3 delete a="], 5]);
  expect(shown(await node.ask({ deletes: false, keysOnly: true }))).toEqual([["1 put a=", "2 put b=", "4 put b="], 5]);
});

test("who waits for a key or a prefix is answered as soon as it changes; others go on waiting", async () => {
  const node = new Node();
  await node.run(put("a", "0"));
  const asked = [key("a"), key("b"), prefix("a"), prefix("z"), { ...key("a"), puts: false }].map((range) => watch(node.ask({ ...range, fromIndex: 2 })));
  await node.run(put("other", "x"));
  expect(asked.map(({ state }) => state)).toEqual(Array(5).fill("pending"));
  await node.run(put("a", "1"));
  expect(asked.map(({ state }) => state)).toEqual(["resolved", "pending", "resolved", "pending", "pending"]);
  expect(shown(asked[0]!.value!)).toEqual([["3 put a=1"], 4]);
  await node.run(put("b", "2"), del("a"));
  expect(shown(asked[1]!.value!)).toEqual([["4 put b=2"], 6]);
  expect(shown(asked[4]!.value!)).toEqual([["5 delete a="], 6]);
  expect(node.watches.waiting).toBe(1);
});

test("when its time is over the answer says how far it has come, so that nothing is looked through twice", async () => {
  const node = new Node();
  await node.run(put("a", "1"));
  const asked = watch(node.ask({ ...key("z"), fromIndex: 1 }));
  await node.run(put("b", "1"), put("c", "1"));
  await node.advance(1_000);
  expect(shown(asked.value!)).toEqual([[], 4]);
  expect(shown(await node.ask({ waitMs: 0, ...key("z"), fromIndex: 4 }))).toEqual([[], 4]);
});

test("a node that has applied less waits until it has caught up, and tells nothing from before", async () => {
  const node = new Node();
  await node.run(put("a", "1"));
  const asked = watch(node.ask({ fromIndex: 3 }));
  await node.run(put("a", "2"));
  expect(asked.state).toBe("pending");
  await node.run(put("a", "3"));
  expect(shown(asked.value!)).toEqual([["3 put a=3"], 4]);
  const late = watch(node.ask({ fromIndex: 99 }));
  await node.advance(1_000);
  expect(shown(late.value!)).toEqual([[], 99]);
});

test("an answer is bounded in events and in bytes, but what one index changed is never split", async () => {
  const node = new Node();
  await node.run(put("a1", "1"), put("a2", "2"), put("a3", "3"), { operation: "deleteRange", start: utf8("a"), end: utf8("b") }, put("b", "4"));
  expect(shown(await node.ask({ eventsMax: 2 }))).toEqual([["1 put a1=1", "2 put a2=2"], 3]);
  expect(shown(await node.ask({ eventsMax: 2, fromIndex: 3 }))).toEqual([["3 put a3=3"], 4]);
  expect(shown(await node.ask({ eventsMax: 2, fromIndex: 4 }))).toEqual([["4 delete a1=", "4 delete a2=", "4 delete a3="], 5]);
  expect(shown(await node.ask({ bytesMax: 1 }))).toEqual([["1 put a1=1"], 2]);
});

test("who asks for little among much gets on by bounded steps, without being held and without holding up the node (T26)", async () => {
  const node = new Node();
  await node.run(...Array.from({ length: 10_000 }, (_, number) => put(`k${number}`, "")), put("rare", "!"));
  const steps: unknown[] = [];
  let fromIndex = 1;
  for (let answer; answer === undefined || answer.events.length === 0; ({ nextIndex: fromIndex } = answer)) {
    answer = await node.ask({ ...key("rare"), fromIndex });
    steps.push(shown(answer));
  }
  expect(steps).toEqual([[[], 4_097], [[], 8_193], [["10001 put rare=!"], 10_002]]);
});

test("below the log's beginning it is COMPACTED, and the error says from where one can go on", async () => {
  const node = new Node();
  await node.run(put("a", "1"), put("a", "2"), put("a", "3"));
  node.first = 3;
  for (const fromIndex of [1, 2]) await expect(node.ask({ fromIndex })).rejects.toMatchObject({ code: "COMPACTED", details: { fromIndex: `${fromIndex}`, firstRetained: "3" } });
  const answer = await node.ask({ fromIndex: 3 });
  expect([shown(answer), answer.firstRetained]).toEqual([[["3 put a=3"], 4], 3]);
});

test("who waits is not compacted by what is forgotten behind him", async () => {
  const node = new Node();
  await node.run(put("a", "1"));
  const asked = watch(node.ask({ ...key("z") }));
  for (let number = 2; number <= 9; number += 1) await node.run(put("a", `${number}`));
  node.first = 9;
  await node.run(put("z", "!"));
  expect(shown(asked.value!)).toEqual([["10 put z=!"], 11]);
});

test("who waits while a snapshot replaces the state is COMPACTED: what it skipped is not known here", async () => {
  const source = new Node();
  await source.run(...Array.from({ length: 5 }, () => put("a", "x")));
  const node = new Node();
  await node.run(put("a", "1"));
  const asked = watch(node.ask({ ...key("z"), fromIndex: 2 }));
  const ahead = watch(node.ask({ fromIndex: 6 }));
  const image = source.machine.image();
  await node.machine.restore(image, asyncOf([...image.chunks()]));
  image.close();
  [node.log, node.first] = [[], 6];
  node.milestones.applied(5);
  await node.clock.settle();
  expect(asked.error).toMatchObject({ code: "COMPACTED", details: { firstRetained: "6" } });
  await node.run(put("b", "6"));
  expect(shown(ahead.value!)).toEqual([["6 put b=6"], 7]);
});

test("a deletion of more keys than can be told ends the watch there, also one that waits, and one can go on behind it", async () => {
  const node = new Node();
  const long = "x".repeat(1_000);
  await node.run(put("a", "1"), ...Array.from({ length: 1_700 }, (_, number) => put(`${long}${number}`, "")));
  const asked = watch(node.ask({ ...key("z"), fromIndex: 1_702 }));
  await node.run(put("a", "2"), { operation: "deleteRange", start: utf8("x"), end: utf8("y") }, put("a", "3"));
  expect(asked.error).toMatchObject({ code: "COMPACTED", details: { firstRetained: "1704" } });
  expect(shown(await node.ask({ fromIndex: 1_702 }))).toEqual([["1702 put a=2"], 1_703]);
  await expect(node.ask({ fromIndex: 1_703 })).rejects.toMatchObject({ code: "COMPACTED", details: { firstRetained: "1704" } });
  expect(shown(await node.ask({ fromIndex: 1_704 }))).toEqual([["1704 put a=3"], 1_705]);
});

test("more may not wait than the bounds for a connection and for the node allow: BUSY; whoever is gone makes room", async () => {
  const node = new Node({ perConnection: 2, perNode: 4 });
  const [one, other] = [{}, {}];
  const waiting = [one, one, other].map((owner) => watch(node.ask({}, owner)));
  await node.clock.settle();
  expect((await node.ask({}, one).catch(toRaftctlError) as RaftctlError).message).toContain("2 watches of this connection wait already");
  waiting.push(watch(node.ask({}, {})));
  expect((await node.ask({}, {}).catch(toRaftctlError) as RaftctlError).message).toContain("4 watches wait here already");
  node.watches.leave(one);
  await node.clock.settle();
  expect(node.watches.waiting).toBe(2);
  expect(waiting.map(({ state }) => state)).toEqual(["rejected", "rejected", "pending", "pending"]);
  expect(watch(node.ask({}, one)).state).toBe("pending");
  await node.run(put("a", "1"));
  expect(shown(waiting[2]!.value!)).toEqual([["1 put a=1"], 2]);
});

test("a node that stops says so to all who wait, and to all who ask; one whose state is wrong refuses (S42)", async () => {
  const node = new Node();
  const asked = watch(node.ask());
  node.watches.stop();
  await node.clock.settle();
  expect(asked.error?.code).toBe("STOPPED");
  expect(await codeOf(node.ask({ waitMs: 0 }))).toBe("STOPPED");
  const wrong = new Node();
  const waits = watch(wrong.ask());
  wrong.divergence = new RaftctlError("CORRUPT", "a majority has another state");
  wrong.milestones.failAll(wrong.divergence);
  await wrong.clock.settle();
  expect(waits.error?.code).toBe("CORRUPT");
  expect(await codeOf(wrong.ask({ waitMs: 0 }))).toBe("CORRUPT");
});

test("ten thousand who wait are answered some at a time, and those whom a change does not concern are not touched", async () => {
  const node = new Node();
  const same = Array.from({ length: 1_000 }, () => watch(node.ask(key("hot"), {})));
  const others = Array.from({ length: 9_000 }, (_, number) => watch(node.ask(key(`k${number}`), {})));
  await node.run(put("hot", "1"));
  expect(same.every(({ state }) => state === "resolved")).toBe(true);
  expect(others.every(({ state }) => state === "pending")).toBe(true);
  expect(node.watches.waiting).toBe(9_000);
});

test("nothing is armed and nobody is woken when nobody waits", async () => {
  const node = new Node();
  await node.ask({ waitMs: 0 });
  const before = node.clock.armedTotal;
  for (let number = 0; number < 10; number += 1) await node.run(put("a", `${number}`));
  expect([node.clock.armedTotal - before, node.milestones.waiting]).toEqual([0, 0]);
});

// The order of writing and telling: a vote is on the disk before anybody hears of it, and two who ask at once do not both get it.

import { expect, test } from "vitest";
import { defer } from "../../../src/base/deferred.ts";
import type { ClusterId, NodeId } from "../../../src/base/ids.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { Formation, type FormationOptions } from "../../../src/daemon/formation/formation.ts";
import type { FormationQuestion } from "../../../src/wire/admin-protocol.ts";
import { watch } from "../../host/support/members.ts";
import { VirtualClock } from "../../host/support/virtual-clock.ts";

const settings = { listenPeer: "h5:1", listenClient: "h5:2" };

function formation(changes: Partial<FormationOptions> = {}): Formation {
  return new Formation({
    record: { nodeId: "5" as NodeId, name: "n5", settings, source: "static:h1:1,h2:1", expect: 3, vote: undefined },
    join: "auto", clock: new VirtualClock(), logger: silentLogger, intervalMs: 100, timeoutMs: 100,
    lookup: async () => ["h1:1", "h2:1", "h5:1"].map((address) => ({ address, regions: undefined })),
    callAddress: () => Promise.reject(new Error("nobody is called here")),
    saveVote: async () => undefined,
    found: async () => ({ id: "c" as ClusterId, incarnation: 1 }),
    enter: async () => undefined,
    ...changes,
  });
}

const candidate = (id: number): FormationQuestion => ({ nodeId: String(id), name: `n${id}`, expect: 3, vote: String(id), found: 3 });
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a vote that is asked for is answered when it is durable, and not before (H1)", async () => {
  const saved = defer<void>();
  const forming = formation({ saveVote: () => saved.promise });
  const answer = watch(forming.answer(candidate(1)));
  await settled();
  expect([answer.state, forming.progress().vote]).toEqual(["pending", null]);
  saved.resolve();
  await settled();
  expect(answer.value).toEqual({ nodeId: "5", name: "n5", cluster: null, vote: "1" });
});

test("two candidates that ask at once are told the same vote (H1)", async () => {
  const saved: string[] = [];
  const forming = formation({ saveVote: async (vote) => settled().then(() => void saved.push(vote)) });
  const answers = await Promise.all([forming.answer(candidate(2)), forming.answer(candidate(1))]);
  expect([answers.map(({ vote }) => vote), saved]).toEqual([["2", "2"], ["2"]]);
});

test("a vote that could not be written is told to nobody, and ends the forming", async () => {
  const full = new Error("no space");
  const forming = formation({
    saveVote: () => Promise.reject(full),
    callAddress: async (address) => ({ type: "adminResponse", result: { nodeId: address.slice(1, 2), name: address, cluster: null, vote: null } }),
  });
  await expect(forming.answer(candidate(1))).rejects.toBe(full);
  expect(forming.progress().vote).toBeNull();
  await expect(forming.run()).rejects.toBe(full);
});

test("while it founds it gives its vote to nobody, and answers with the cluster afterwards", async () => {
  const founded = defer<void>();
  const forming = formation({
    record: { nodeId: "5" as NodeId, name: "n5", settings, source: "static:h1:1", expect: 2, vote: "5" as NodeId },
    lookup: async () => [{ address: "h7:1", regions: undefined }],
    callAddress: async () => ({ type: "adminResponse", result: { nodeId: "7", name: "n7", cluster: null, vote: "5" } }),
    found: () => founded.promise.then(() => ({ id: "c" as ClusterId, incarnation: 1 })),
  });
  const running = forming.run();
  await settled();
  const answer = watch(forming.answer({ ...candidate(1), expect: 2 }));
  await settled();
  expect(answer.state).toBe("pending");
  founded.resolve();
  await running;
  await settled();
  expect(answer.value).toEqual({ nodeId: "5", name: "n5", cluster: { id: "c", incarnation: 1 }, vote: null });
});

test("a node that has stopped votes no more", async () => {
  const forming = formation();
  await forming.stop();
  await expect(forming.answer(candidate(1))).rejects.toMatchObject({ code: "STOPPED" });
});

const voteForMe = { nodeId: "7", name: "n7", cluster: null, vote: "5" };
const memberAnswer = { nodeId: "7", name: "n7", cluster: { id: "c".repeat(32), incarnation: 1 }, vote: null };

for (const [what, result] of [["founds", voteForMe], ["joins", memberAnswer]] as const) {
  test(`a node that could not write whether it ${what} votes no more: its identity may be on the disk, and another may found with that vote (H1, S71)`, async () => {
    const written = defer<never>();
    const saved: string[] = [];
    const forming = formation({
      record: { nodeId: "5" as NodeId, name: "n5", settings, source: "static:h1:1", expect: 2, vote: "5" as NodeId },
      lookup: async () => [{ address: "h7:1", regions: undefined }],
      callAddress: async () => ({ type: "adminResponse", result }),
      found: () => written.promise,
      enter: () => written.promise,
      saveVote: async (vote) => void saved.push(vote),
    });
    const running = watch(forming.run());
    await settled();
    const answer = watch(forming.answer({ ...candidate(1), expect: 2 }));
    written.reject(new Error("the directory could not be made durable"));
    await settled();
    expect([running.state, answer.error?.code, saved]).toEqual(["rejected", "STOPPED", []]);
  });
}

test("what a source has named stays known while it cannot be read, and is not complained of when it can be again", async () => {
  const clock = new VirtualClock();
  let readable = true;
  const forming = formation({
    clock,
    lookup: async () => {
      if (!readable) throw new Error("the name server is away");
      return [{ address: "h1:1", regions: undefined }];
    },
  });
  const running = watch(forming.run());
  const waitsFor: string[] = [];
  for (const state of [true, false, true]) {
    readable = state;
    await clock.advance(100);
    await settled();
    waitsFor.push(forming.progress().waitsFor);
  }
  const alone = "1 of 3 nodes found; h1:1: nobody is called here";
  expect([running.state, waitsFor]).toEqual(["pending", [alone, `${alone}; the name server is away`, alone]]);
  await forming.stop();
});

test("forming has not ended while a vote is still being written: the directory may be another process's then (H1)", async () => {
  const saved = defer<void>();
  const forming = formation({ saveVote: () => saved.promise });
  const running = watch(forming.run());
  await settled();
  const answer = watch(forming.answer(candidate(1)));
  await settled();
  const stopping = watch(forming.stop());
  await settled();
  expect([answer.state, running.state, stopping.state]).toEqual(["pending", "pending", "pending"]);
  saved.resolve();
  await settled();
  expect([answer.value?.vote, running.state, stopping.state]).toEqual(["1", "resolved", "resolved"]);
});

test("forming that failed has not ended while a vote that was asked for meanwhile is being written (H1)", async () => {
  const saved = [defer<void>(), defer<void>()];
  const writing = [...saved];
  const forming = formation({
    saveVote: () => writing.shift()!.promise,
    callAddress: async (address) => ({ type: "adminResponse", result: { nodeId: address.slice(1, 2), name: address, cluster: null, vote: null } }),
  });
  const running = watch(forming.run());
  await settled();
  const answer = watch(forming.answer(candidate(1)));
  saved[0]!.reject(new Error("no space"));
  await settled();
  expect([running.state, answer.state]).toEqual(["pending", "pending"]);
  saved[1]!.resolve();
  await settled();
  expect([running.state, answer.value?.vote]).toEqual(["rejected", "1"]);
});

test("while it waits for others it holds one timer, and none when it has ended", async () => {
  const clock = new VirtualClock();
  const forming = formation({ clock, lookup: async () => [] });
  const running = watch(forming.run());
  for (let look = 0; look < 100; look += 1) {
    await settled();
    await clock.advance(100);
  }
  expect([running.state, clock.armed.length]).toEqual(["pending", 1]);
  await forming.stop();
  await settled();
  expect([running.state, clock.armed.length]).toEqual(["resolved", 0]);
});

test("a source or a node that does not answer does not hold up the end", async () => {
  for (const changes of [{ lookup: () => new Promise<never>(() => undefined) }, { callAddress: () => new Promise<never>(() => undefined) }]) {
    const forming = formation(changes);
    const running = watch(forming.run());
    await settled();
    await forming.stop();
    await settled();
    expect(running.state).toBe("resolved");
  }
});

test("what is no answer of a forming node is none, whatever it says (H1)", async () => {
  for (const result of [null, "n7", { nodeId: "7" }, { nodeId: "-7", name: "n7", cluster: null, vote: null }, { nodeId: "7", name: 7, cluster: null, vote: null },
    { nodeId: "7", name: "n7", cluster: { id: "c".repeat(32), incarnation: "2" }, vote: null }, { nodeId: "7", name: "n7", cluster: { id: "zz", incarnation: 1 }, vote: null }]) {
    const entered: unknown[] = [];
    const forming = formation({ callAddress: async () => ({ type: "adminResponse", result }), enter: async (cluster) => void entered.push(cluster) });
    const running = watch(forming.run());
    await settled();
    expect([running.state, entered, forming.progress().addresses[0]?.state], JSON.stringify(result)).toEqual(["pending", [], "silent"]);
    expect(forming.progress().addresses[0]?.detail).toMatch(/^h1:1 answers with what is no answer to a forming node/);
    await forming.stop();
  }
});

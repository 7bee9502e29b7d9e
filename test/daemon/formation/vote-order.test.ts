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

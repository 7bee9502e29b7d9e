// How the answers of other programs are read: of those made before there were levels, of newer ones that say more, and of what is no answer at all.

import { expect, test } from "vitest";
import { RaftctlError } from "../../../src/base/errors.ts";
import type { NodeId } from "../../../src/base/ids.ts";
import { Upgrades } from "../../../src/daemon/upgrade/upgrades.ts";
import type { Member } from "../../../src/raft/membership.ts";
import type { UpgradeReport } from "../../../src/wire/admin-protocol.ts";
import { clusterVersions } from "../../../src/wire/cluster-version.ts";
import { encodeResult, type ResultStatus } from "../../../src/wire/command-result.ts";
import { ManualClock } from "../../platform/manual-clock.ts";

const versions = { ...clusterVersions, newest: 3 };

type Answer = (id: NodeId) => unknown;
const member = (id: string): Member => ({ id: id as NodeId, name: `n${id}`, incarnation: 1, masterEligible: true, peerAddress: `h${id}:1`, clientAddress: `h${id}:2` });

function upgradesOf(raft: object, answer: Answer, clock = new ManualClock()): Upgrades {
  const network = { admin: async (id: NodeId) => ({ type: "adminResponse" as const, result: answer(id) }) };
  return new Upgrades({ hosted: { raft } as never, network, machine: { level: 1 }, versions, name: "n1", clock });
}

function reportWhen(answer: Answer, clock = new ManualClock()): Promise<UpgradeReport> {
  return upgradesOf({ id: "1", core: { membership: { members: [member("10"), member("2"), member("1")] } } }, answer, clock).report(5_000);
}

async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    clock.advance(50);
    await new Promise((done) => setImmediate(done));
  }
}

const other = async (answer: () => unknown): Promise<UpgradeReport["members"][number]> => (await reportWhen(answer)).members[1]!;

test("members come in the order of their names, and the node at hand speaks for itself", async () => {
  const { members } = await reportWhen(() => ({ version: "9.9.9", levels: { min: 2, max: 4 } }));
  expect(members.map(({ name, levels }) => [name, levels])).toEqual([["n1", { min: 1, max: 3 }], ["n2", { min: 2, max: 4 }], ["n10", { min: 2, max: 4 }]]);
});

test("an answer without levels is of a program that knows the first one alone", async () => {
  expect(await other(() => ({ version: "0.0.9", protocol: 1, dataFormat: 1 }))).toMatchObject({ version: "0.0.9", levels: { min: 1, max: 1 }, error: null });
});

test.each([[undefined], [null], ["1.0"], [{}], [{ version: 1 }], [{ version: "1", levels: null }], [{ version: "1", levels: { min: 0, max: 1 } }], [{ version: "1", levels: { min: 1, max: 1.5 } }], [{ version: "1", levels: { max: 2 } }]])(
  "%j is no answer, and counts as none", async (answer) => {
    expect(await other(() => answer)).toMatchObject({ version: null, levels: null, error: { code: "INCOMPATIBLE", message: expect.stringContaining("its answer cannot be read") as string } });
  });

test("a node that cannot be reached yet is tried again for a while; one that refuses is not", async () => {
  const clock = new ManualClock();
  let calls = 0;
  const late = reportWhen(() => {
    calls += 1;
    if (calls <= 6) throw new RaftctlError("UNREACHABLE", "it starts");
    return { version: "1", levels: { min: 1, max: 2 } };
  }, clock);
  await pass(clock, 800);
  expect((await late).members.every(({ levels }) => levels !== null)).toBe(true);
  let refusals = 0;
  const refused = await other(() => {
    refusals += 1;
    throw new RaftctlError("DENIED", "no");
  });
  expect([refused.error?.code, refusals]).toEqual(["DENIED", 2]);
});

test("a node that stays unreachable is given up after a second", async () => {
  const clock = new ManualClock();
  let isDone = false;
  const report = reportWhen(() => {
    throw new RaftctlError("UNREACHABLE", "it is down");
  }, clock).finally(() => (isDone = true));
  await pass(clock, 800);
  expect(isDone).toBe(false);
  await pass(clock, 400);
  expect((await report).obstacles).toMatchObject([{ code: "CONFLICT", message: expect.stringContaining("n2 at h2:1 (it is down), n10") as string }]);
});

test("who has to answer is who belongs to the cluster once a majority has confirmed that this node leads", async () => {
  const membership = { members: [member("1")] };
  const raft = {
    id: "1", core: { membership },
    ensureConsistency: async () => void membership.members.push(member("2")),
    propose: () => Promise.reject(new Error("nothing is proposed")),
  };
  const silence = upgradesOf(raft, () => {
    throw new RaftctlError("DENIED", "no");
  });
  await expect(silence.finalize({ dryRun: false }, 5_000)).rejects.toMatchObject({ code: "CONFLICT", message: expect.stringContaining("n2 at h2:1") as string });
});

test.each([["ok", "finalized"], ["conflict", "CONFLICT"], ["invalid", "CONFLICT"]] as const)("a version counts as finalized by the word of the state machine: %s is %s", async (status: ResultStatus, outcome) => {
  const result = encodeResult({ status, version: 0, index: 9, deleted: 0, previous: undefined, previousDropped: false });
  const raft = { id: "1", core: { membership: { members: [member("1")] } }, ensureConsistency: async () => undefined, propose: async () => ({ index: 9, term: 1, result }) };
  const ended = await upgradesOf(raft, () => undefined).finalize({ dryRun: false }, 5_000).then(() => "finalized", (error: RaftctlError) => error.code);
  expect(ended).toBe(outcome);
});

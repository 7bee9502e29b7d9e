import { expect, test } from "vitest";
import { Prng } from "../../../src/base/prng.ts";
import { globalRegion } from "../../../src/base/ids.ts";
import { applyPlan, applyStage, backupDirectory } from "../../../src/daemon/recovery/apply-plan.ts";
import { readSurvivor } from "../../../src/daemon/recovery/read-survivor.ts";
import { planRecovery, type RecoveryPlan } from "../../../src/daemon/recovery/recovery-plan.ts";
import { lastPosition, latestMembership } from "../../../src/daemon/recovery/survivor.ts";
import { layout, readIdentity } from "../../../src/storage/data-dir.ts";
import { replaceFile } from "../../../src/storage/durable-file.ts";
import { readWhole } from "../../../src/storage/wal/segment.ts";
import type { MemoryDisk } from "../../storage/memory-disk.ts";
import { crc32 } from "../../storage/wal/fixtures.ts";
import { idOf } from "../../raft/harness/members.ts";
import { directory, memberDirectory, openLog, partsOf, put } from "./directories.ts";

const unsafe: Error = expect.objectContaining({ code: "UNSAFE" }) as Error;

async function planFor(disk: MemoryDisk): Promise<RecoveryPlan> {
  const { survivor } = await readSurvivor(disk, directory, crc32);
  return planRecovery({ survivors: [survivor], dead: ["n2", "n3", "n4", "n5"], planId: "0123456789abcdef", madeAt: "now" });
}

/** What the log of a directory says, in short. */
async function stateOf(disk: MemoryDisk): Promise<string> {
  const { identity, survivor } = await readSurvivor(disk, directory, crc32);
  const { index, term } = lastPosition(survivor);
  return `${identity.clusterIncarnation} ${index}@${term} ${latestMembership(survivor).voters.length}`;
}

test("a survivor is read with what it knows to be committed, its terms, memberships, and the keys of its tail (N3)", async () => {
  const { survivor } = await readSurvivor(await memberDirectory(), directory, crc32);
  expect(survivor).toMatchObject({
    name: "n1", clusterIncarnation: 1, hardState: { currentTerm: 4, votedFor: "3", commitIndex: 3 }, snapshot: { index: 0, term: 0 }, lastIndex: 5,
    terms: [{ firstIndex: 1, term: 1 }, { firstIndex: 3, term: 2 }], tail: [{ index: 4, term: 2, keys: ["c"] }, { index: 5, term: 2, keys: ["d"] }],
  });
  expect(survivor.memberships.map(({ index, membership }) => [index, membership.voters.length])).toEqual([[0, 0], [1, 5]]);
});

test("an applied plan fences first, keeps copies, and adds one entry that makes the survivor the only voter (N3)", async () => {
  const disk = await memberDirectory();
  const plan = await planFor(disk);
  expect(await applyPlan(partsOf(disk), directory, plan)).toBe("planned");
  const { identity, survivor } = await readSurvivor(disk, directory, crc32);
  expect(identity).toMatchObject({ clusterIncarnation: 2, nodeId: idOf("n1"), settings: { masterEligible: true, join: { seeds: ["a:1"] } } });
  expect(lastPosition(survivor)).toEqual({ index: 6, term: 5 });
  expect(survivor.hardState).toEqual({ currentTerm: 5, votedFor: idOf("n1"), commitIndex: 3 });
  expect(latestMembership(survivor)).toEqual(plan.membership);
  expect(await disk.readDirectory(backupDirectory(directory, plan))).toEqual(["identity", "wal"]);
  expect(await disk.readDirectory(`${backupDirectory(directory, plan)}/wal`)).toEqual(["0000000000000001.wal"]);
});

test("the copies are the directory as it was: put back, they undo the recovery", async () => {
  const disk = await memberDirectory();
  const plan = await planFor(disk);
  const before = await stateOf(disk);
  await applyPlan(partsOf(disk), directory, plan);
  const backup = backupDirectory(directory, plan);
  for (const [copy, original] of [["identity", layout.identity(directory)], ["wal/0000000000000001.wal", `${layout.wal(directory)}/0000000000000001.wal`]]) {
    await replaceFile(disk, original!, await readWhole(await disk.open(`${backup}/${copy}`, "read")));
  }
  expect(await stateOf(disk)).toBe(before);
});

test("applying again changes nothing, and neither does looking (N3)", async () => {
  const disk = await memberDirectory();
  const plan = await planFor(disk);
  expect(await applyStage(partsOf(disk), directory, plan)).toBe("planned");
  expect(await stateOf(disk)).toBe("1 5@2 5");
  await applyPlan(partsOf(disk), directory, plan);
  expect(await applyPlan(partsOf(disk), directory, plan)).toBe("applied");
  expect(await stateOf(disk)).toBe("2 6@5 1");
});

test("the planned entry without the fence is not taken for a recovery that was done", async () => {
  const disk = await memberDirectory();
  const plan = await planFor(disk);
  await applyPlan(partsOf(disk), directory, plan);
  await replaceFile(disk, layout.identity(directory), await readWhole(await disk.open(`${backupDirectory(directory, plan)}/identity`, "read")));
  await expect(applyPlan(partsOf(disk), directory, plan)).rejects.toThrow(unsafe);
});

test("a node that has gone on since it was recovered is still found to be recovered", async () => {
  const disk = await memberDirectory();
  const plan = await planFor(disk);
  await applyPlan(partsOf(disk), directory, plan);
  const wal = await openLog(disk, (await readIdentity(disk, directory, crc32))!);
  await wal.append([{ kind: "entries", region: globalRegion, entries: [put(7, 6, "later")] }]);
  await wal.close();
  expect(await applyPlan(partsOf(disk), directory, plan)).toBe("applied");
  expect(await stateOf(disk)).toBe("2 7@6 1");
});

test("a directory that is not as it was planned is refused and stays as it is: more entries, another vote, another node (N3)", async () => {
  const disk = await memberDirectory();
  const plan = await planFor(disk);
  const other = await memberDirectory({ nodeId: idOf("n2"), name: "n2" });
  await expect(applyPlan(partsOf(other), directory, plan)).rejects.toThrow("the plan chose n1");
  await expect(applyPlan(partsOf(await memberDirectory({}, 4)), directory, plan)).rejects.toThrow(unsafe);
  await expect(applyPlan(partsOf(await memberDirectory({ clusterIncarnation: 3 })), directory, plan)).rejects.toThrow(unsafe);
  for (const hardState of [{ currentTerm: 4, votedFor: idOf("n2"), commitIndex: 3 }, { currentTerm: 5, votedFor: idOf("n3"), commitIndex: 3 }, { currentTerm: 4, votedFor: idOf("n3"), commitIndex: 4 }]) {
    const voted = disk.copy();
    const log = await openLog(voted, (await readIdentity(voted, directory, crc32))!);
    await log.append([{ kind: "hardState", region: globalRegion, hardState }]);
    await log.close();
    await expect(applyPlan(partsOf(voted), directory, plan), JSON.stringify(hardState)).rejects.toThrow(unsafe);
  }
  const wal = await openLog(disk, (await readIdentity(disk, directory, crc32))!);
  await wal.append([{ kind: "entries", region: globalRegion, entries: [put(6, 4, "later")] }]);
  await wal.close();
  await expect(applyPlan(partsOf(disk), directory, plan)).rejects.toThrow("has changed since the plan was made: it ends at index 6 of term 4");
  expect(await stateOf(disk)).toBe("1 6@4 5");
});

test("a node that another plan has fenced is not gone on with: where its old identity lies, only that plan knows (N3)", async () => {
  const disk = await memberDirectory();
  const plan = await planFor(disk);
  const fenced = disk.copy();
  fenced.onChange = async () => {
    if ((await readIdentity(fenced, directory, crc32))!.clusterIncarnation === 2) throw new Error("the power went");
  };
  await expect(applyPlan(partsOf(fenced), directory, plan)).rejects.toThrow("the power went");
  fenced.onChange = undefined;
  const other = { ...plan, planId: "fedcba9876543210" };
  await expect(applyStage(partsOf(fenced), directory, other)).rejects.toMatchObject({ code: "UNSAFE", message: expect.stringContaining("by another plan than fedcba9876543210") });
  await expect(applyPlan(partsOf(fenced), directory, other)).rejects.toThrow(unsafe);
  expect(await stateOf(fenced)).toBe("2 5@2 5");
  expect(await applyPlan(partsOf(fenced), directory, plan)).toBe("fenced");
  expect(await stateOf(fenced)).toBe("2 6@5 1");
});

test("a power cut at any moment leaves the old cluster's node, or one that is fenced, never a lone voter without the fence; applying again finishes (N3)", { timeout: 60_000 }, async () => {
  const disk = await memberDirectory();
  const plan = await planFor(disk);
  const crashes: MemoryDisk[] = [];
  const prng = new Prng(7);
  disk.onChange = async () => void crashes.push(disk.crashed(prng), disk.crashed(prng), disk.crashed(prng), disk.copy());
  await applyPlan(partsOf(disk), directory, plan);
  const states = new Set<string>();
  for (const crashed of crashes) {
    states.add(await stateOf(crashed));
    await applyPlan(partsOf(crashed), directory, plan);
    expect(await stateOf(crashed)).toBe("2 6@5 1");
    expect((await readIdentity(crashed, directory, crc32))!.settings["masterEligible"]).toBe(true);
  }
  expect([...states].toSorted()).toEqual(["1 5@2 5", "2 5@2 5", "2 6@5 1"]);
  expect(crashes.length).toBeGreaterThan(40);
});

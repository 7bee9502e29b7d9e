// How two backups differ: by keys, by rows of other kinds, by position, members and cluster.

import { expect, test } from "vitest";
import { compareFiles, isEqual, type Difference } from "../../../src/daemon/backup/difference.ts";
import { parseClusterId } from "../../../src/base/ids.ts";
import type { PortableHeader } from "../../../src/storage/portable/portable-header.ts";
import type { Command } from "../../../src/wire/command.ts";
import { codeOf, votersOf } from "../../host/support/members.ts";
import { append, del, put, stamp } from "../../machine/bytes-of.ts";
import { backupOf, fileOf, machineOf } from "./backup-files.ts";

const base = [put("a", "1"), put("b", "2"), put("c", "3")];

async function compared(left: readonly Command[], right: readonly Command[], changes: Partial<PortableHeader> = {}, limit = 100): Promise<Difference> {
  return compareFiles(await fileOf(await backupOf(machineOf(left))), await fileOf(await backupOf(machineOf(right), changes)), limit);
}

const changesOf = ({ changes }: Difference): string[] => changes.map(({ kind, key }) => `${kind} ${Buffer.from(key).toString()}`);

test("the same state is equal, also when only one of the files is compressed", async () => {
  const difference = await compared(base, base, { compression: "zstd" });
  expect(isEqual(difference)).toBe(true);
  expect(difference.changes).toEqual([]);
});

test("keys that were added, removed and written are listed in their order", async () => {
  const difference = await compared(base, [...base, put("aa", "x"), del("b"), put("c", "4"), put("z", "y"), put("a", "1")]);
  expect(changesOf(difference)).toEqual(["changed a", "added aa", "removed b", "changed c", "added z"]);
  expect(difference).toMatchObject({ added: 2, removed: 1, changed: 2, rewritten: 1, otherRows: 0, more: false, samePosition: false, sameMembership: true, sameCluster: true });
  expect(isEqual(difference)).toBe(false);
});

test("what is listed is bounded, what is counted is not", async () => {
  const many = Array.from({ length: 50 }, (_, place) => put(`n${place}`, "x"));
  const difference = await compared(base, [...base, ...many], {}, 3);
  expect([difference.changes.length, difference.more, difference.added]).toEqual([3, true, 50]);
  expect((await compared(base, [], {}, 0).catch((error: unknown) => error))).toBeInstanceOf(Error);
});

test("sessions and streams that differ are counted apart from keys", async () => {
  const difference = await compared([...base, append("s", "1")], [...base, append("s", "2"), put("d", "4", { session: stamp(5, 1) })]);
  expect([changesOf(difference), difference.otherRows]).toEqual([["added d"], 2]);
});

test("another position, membership or cluster alone makes a difference", async () => {
  const position = await compared(base, [...base, put("d", "4"), del("d")]);
  expect([position.added, position.samePosition, isEqual(position)]).toEqual([0, false, false]);
  const members = await compared(base, base, { membership: votersOf(1, 2) });
  expect([members.sameMembership, isEqual(members)]).toEqual([false, false]);
  const cluster = await compared(base, base, { clusterId: parseClusterId("ab".repeat(16)) });
  expect([cluster.sameCluster, isEqual(cluster)]).toEqual([false, false]);
});

test("damage behind the last difference is noticed all the same", async () => {
  const whole = await backupOf(machineOf(base));
  const damaged = whole.slice();
  damaged[damaged.length - 1]! ^= 1;
  expect(await codeOf(compareFiles(await fileOf(whole), await fileOf(damaged), 10))).toBe("CORRUPT");
  expect(await codeOf(compareFiles(await fileOf(damaged), await fileOf(whole), 10))).toBe("CORRUPT");
});

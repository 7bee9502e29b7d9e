// `join --fresh`: the old node's data is moved aside when that is confirmed, and a founding vote is never forgotten.

import { expect, test, vi } from "vitest";
import { startFresh, type OldDirectories } from "../../src/cli/fresh-start.ts";
import type { NodeFlags } from "../../src/cli/node-flags.ts";

const flags = { "data-dir": "/tmp/raftctl-nobody" } as unknown as NodeFlags;

function directories(found: { clusterId: string | undefined } | undefined, vote?: string) {
  const archiveDataDirectory = vi.fn<OldDirectories["archiveDataDirectory"]>(async (dataDir) => `${dataDir}.left`);
  const readDataDirectory = async () => (found === undefined ? undefined : { nodeId: "1", name: "n1", joins: false, settings: {} as never, ...found });
  return { archiveDataDirectory, readDataDirectory, readFormingDirectory: async () => (vote === undefined ? undefined : { vote }) };
}

test("what is there is moved aside once it is confirmed, and nothing happens where nothing is", async () => {
  const old = directories({ clusterId: "c1" });
  await expect(startFresh(flags, false, old)).rejects.toMatchObject({ code: "UNSAFE" });
  expect(old.archiveDataDirectory).not.toHaveBeenCalled();
  expect(await startFresh(flags, true, old)).toMatch(/\.left$/);
  expect(await startFresh(flags, true, directories(undefined))).toBeUndefined();
});

test("a directory that holds a founding vote stays where it is: without it two clusters could be founded (S71)", async () => {
  const voted = directories({ clusterId: undefined }, "7421");
  await expect(startFresh(flags, true, voted)).rejects.toMatchObject({ code: "UNSAFE", message: expect.stringContaining("two clusters") as string });
  expect(voted.archiveDataDirectory).not.toHaveBeenCalled();
});

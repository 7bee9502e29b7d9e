import { mkdtemp, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { planDocument, readPlan } from "../../../src/daemon/recovery/plan-file.ts";
import { readSurvivor } from "../../../src/daemon/recovery/read-survivor.ts";
import { planRecovery } from "../../../src/daemon/recovery/recovery-plan.ts";
import { writeSealed } from "../../../src/daemon/recovery/sealed-document.ts";
import { readSurvivors, survivorsDocument } from "../../../src/daemon/recovery/survivor-file.ts";
import { crc32 } from "../../storage/wal/fixtures.ts";
import { directory, memberDirectory } from "./directories.ts";

const code = (expected: string): Error => expect.objectContaining({ code: expected }) as Error;

async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "raftctl-recovery-"));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

const survivorInMemory = async () => (await readSurvivor(await memberDirectory(), directory, crc32)).survivor;

test("survivors and plans come back from their files as they were, and numbers stand there as texts (N3)", async () => {
  const home = await temporaryDirectory();
  const survivor = await survivorInMemory();
  const unvoted = { ...survivor, hardState: { ...survivor.hardState, votedFor: undefined } };
  await writeSealed(join(home, "s"), survivorsDocument([survivor, unvoted]));
  expect(await readSurvivors(join(home, "s"))).toEqual([survivor, unvoted]);
  const plan = planRecovery({ survivors: [survivor], dead: ["n2", "n3", "n4", "n5"], planId: "0123456789abcdef", madeAt: "now" });
  await writeSealed(join(home, "p"), planDocument(plan));
  expect(await readPlan(join(home, "p"))).toEqual(plan);
  const { content } = JSON.parse(await readFile(join(home, "p"), "utf8")) as { content: Record<string, unknown> };
  expect(content).toMatchObject({ clusterIncarnation: "2", entry: { index: "6", term: "5" }, membership: plan.membership });
});

test("a file that was changed, cut short, taken for another or is not there is refused (N3)", async () => {
  const home = await temporaryDirectory();
  const path = join(home, "s");
  await writeSealed(path, survivorsDocument([await survivorInMemory()]));
  const text = await readFile(path, "utf8");
  const refusals: readonly [string, string][] = [
    [text.replace('"commitIndex": "3"', '"commitIndex": "4"'), "CORRUPT"],
    [text.slice(0, -20), "CORRUPT"],
    ["{}", "CORRUPT"],
    [text.replace("raftctl.survivors/v1", "raftctl.survivors/v2"), "INCOMPATIBLE"],
  ];
  for (const [changed, expected] of refusals) {
    await writeFile(path, changed);
    await expect(readSurvivors(path)).rejects.toThrow(code(expected));
  }
  await expect(readSurvivors(join(home, "absent"))).rejects.toThrow(code("NOT_FOUND"));
  await writeFile(path, text);
  await expect(readPlan(path)).rejects.toThrow(code("INCOMPATIBLE"));
});

test("content that was sealed properly and makes no sense is refused as well", async () => {
  const path = join(await temporaryDirectory(), "s");
  const survivor = await survivorInMemory();
  for (const wrong of [{ lastIndex: -1 }, { terms: undefined }, { memberships: [] }, { memberships: [{ index: 0, membership: { voters: ["1"] } }] }]) {
    await writeSealed(path, survivorsDocument([{ ...survivor, ...wrong } as never]));
    await expect(readSurvivors(path)).rejects.toThrow(code("CORRUPT"));
  }
});

test("a file of somebody else is not overwritten, not even under the temporary name; an older document is", async () => {
  const path = join(await temporaryDirectory(), "s");
  const document = survivorsDocument([await survivorInMemory()]);
  await writeFile(path, "precious");
  await expect(writeSealed(path, document)).rejects.toThrow(expect.objectContaining({ code: "CONFLICT", exit: 6, message: expect.stringContaining(path) as string }) as Error);
  expect(await readFile(path, "utf8")).toBe("precious");
  await writeFile(path, "");
  await writeFile(`${path}.tmp`, "precious");
  await expect(writeSealed(path, document)).rejects.toThrow(code("CONFLICT"));
  await rm(`${path}.tmp`);
  await writeSealed(path, document);
  await writeFile(`${path}.tmp`, (await readFile(path, "utf8")).slice(0, 40));
  await writeSealed(path, document);
  expect(await readSurvivors(path)).toHaveLength(1);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test("what is no file, or has no end, is refused before it is read, and an id that is none is damage of that file", async () => {
  const home = await temporaryDirectory();
  await expect(readSurvivors(home)).rejects.toThrow(code("CORRUPT"));
  await expect(readSurvivors("/dev/zero")).rejects.toThrow("/dev/zero is not a file");
  const path = join(home, "s");
  await (await open(path, "w")).truncate(2 ** 31);
  await expect(readSurvivors(path)).rejects.toThrow("no document of a recovery is larger");
  await rm(path);
  const survivor = await survivorInMemory();
  await writeSealed(path, survivorsDocument([{ ...survivor, nodeId: "n1" as never }]));
  await expect(readSurvivors(path)).rejects.toThrow(expect.objectContaining({ code: "CORRUPT", message: expect.stringContaining(path) as string }) as Error);
});

// The directory of a forming node, from its opening to the identity that it ends with, without a network.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { silentLogger } from "../../../src/base/logger.ts";
import type { Config } from "../../../src/config/schema.ts";
import { FormingNode, type DaemonQuestions } from "../../../src/daemon/formation/forming-node.ts";
import { abandonForming, formDataDirectory, readFormingDirectory } from "../../../src/daemon/offline.ts";
import { systemParts, type DaemonParts } from "../../../src/daemon/parts.ts";
import type { Transport } from "../../../src/host/transport.ts";
import { crc32 } from "../../../src/platform/crc32.ts";
import { acquireDirectoryLock } from "../../../src/platform/directory-lock.ts";
import { NodeDisk } from "../../../src/platform/node-disk.ts";
import { readIdentity } from "../../../src/storage/data-dir.ts";
import type { ClientRequest } from "../../../src/wire/client-protocol.ts";
import { codeOf } from "../../host/support/members.ts";

let dataDir: string;
let parts: DaemonParts;

beforeEach(async () => {
  dataDir = join(await mkdtemp(join(tmpdir(), "raftctl-forming-")), "n1");
  parts = await systemParts(silentLogger);
});

afterEach(() => rm(join(dataDir, ".."), { recursive: true, force: true }));

const open = (): Promise<FormingNode | undefined> => FormingNode.open({ dataDir, discovery: { join: "auto", interval: 10 } } as Config, parts);

async function formingNode(expect_: number): Promise<FormingNode> {
  await formDataDirectory(dataDir, { name: "n1", source: "static:h1:1,h2:1", expect: expect_, settings: { listenPeer: "h1:1", listenClient: "h1:2" } });
  return (await open())!;
}

/** What both addresses answer. */
const answering = (answer: object): Transport["callAddress"] => async () => ({ type: "adminResponse", result: answer });
const member = { nodeId: "9", name: "n9", cluster: { id: "c".repeat(32), incarnation: 3 }, vote: null };
const askFor = (method: string) => ({ operation: "admin", method, params: {} }) as unknown as ClientRequest;
const isFree = async (): Promise<boolean> => acquireDirectoryLock(dataDir).then((lock) => lock.release().then(() => true), () => false);

test("a node that finds a cluster becomes a newcomer of its latest incarnation, under its own id, and its directory is free for the one that serves it (S71)", async () => {
  const node = await formingNode(3);
  const { nodeId } = node.record;
  expect(await isFree()).toBe(false);
  await node.run(answering(member));
  expect(node.cluster).toEqual({ id: "c".repeat(32), incarnation: 3 });
  expect(await readIdentity(new NodeDisk(), dataDir, crc32)).toMatchObject({
    clusterId: "c".repeat(32), clusterIncarnation: 3, nodeId, name: "n1", foundedBy: "join", incarnation: 1,
    settings: { listenPeer: "h1:1", discovery: { source: "static:h1:1,h2:1", expect: 3 }, join: { seeds: ["h1:1", "h2:1"], role: "voter", promote: "auto" } },
  });
  expect([await isFree(), await readFormingDirectory(dataDir)]).toEqual([true, undefined]);
});

test("an identity is not given up with the forming: the directory of a node that belongs to a cluster is nobody's to clean", async () => {
  const node = await formingNode(3);
  await node.run(answering(member));
  expect(await abandonForming(dataDir)).toBe(false);
  expect(await open()).toBeUndefined();
  expect(await readIdentity(new NodeDisk(), dataDir, crc32)).toBeDefined();
});

test("a forming that has not voted is given up whole, and one that is open is not given up", async () => {
  const node = await formingNode(3);
  expect(await codeOf(abandonForming(dataDir))).toBe("LOCKED");
  await node.stop();
  expect([await abandonForming(dataDir), await readFormingDirectory(dataDir), await open()]).toEqual([true, undefined, undefined]);
});

test("what is asked before it begins, while it forms and when the cluster is there is answered with how it stands", async () => {
  const node = await formingNode(3);
  const refused = (method: string): Promise<string> => node.answer(askFor(method), {} as DaemonQuestions).then(() => "answered", (error: Error) => error.message);
  expect(await refused("status")).toBe("n1 is still forming a cluster of 3: it has just begun");
  expect(await node.answer(askFor("formation"), {} as DaemonQuestions)).toEqual({ operation: "admin", result: null });
  const running = node.run(answering(member));
  expect(await refused("status")).toMatch(/^n1 is still forming a cluster of 3: /);
  await running;
  expect(await refused("status")).toBe(`n1 is a node of cluster ${"c".repeat(32)} since a moment ago, and opens its storage`);
});

test("a directory whose forming file is damaged is refused, and is free for whoever mends it", async () => {
  await (await formingNode(3)).stop();
  await writeFile(join(dataDir, "forming"), "nonsense");
  expect([await codeOf(open()), await isFree()]).toEqual(["CORRUPT", true]);
});

test("a stopped node leaves its directory free, with its vote in it", async () => {
  const node = await formingNode(3);
  const running = node.run(answering({ nodeId: "18446744073709551615", name: "n2", cluster: null, vote: null }));
  await node.stop();
  await running;
  expect([await isFree(), (await readFormingDirectory(dataDir))?.nodeId, node.cluster]).toEqual([true, node.record.nodeId, undefined]);
});

// `snapshot restore` from flags to a request, and what a failed attempt leaves.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RaftctlError } from "../../../src/base/errors.ts";
import { approval, prepareRestore, restoreCleanly, restoredDocument, restoredText, type RestoreFlags } from "../../../src/cli/snapshot/restore-view.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "raftctl-restore-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const members = "n1=127.0.0.1:7411,n2=127.0.0.1:7412";
const flags = (more: Partial<RestoreFlags> = {}): RestoreFlags => ({ name: "n1", "data-dir": join(directory, "d"), config: undefined, "new-cluster-id": true, ...more });

test("alone the node listens where it was told, or by default", async () => {
  const { request, dataDir } = await prepareRestore(flags({ "listen-client": "127.0.0.1:9" }));
  expect(dataDir).toBe(join(directory, "d"));
  expect(request).toMatchObject({ name: "n1", members: [], keepClusterId: false, bumpIndex: 0, settings: { listenClient: "127.0.0.1:9", listenPeer: "127.0.0.1:7401" } });
});

test("with members it listens where the others will dial it, unless it says how they reach it", async () => {
  const { request } = await prepareRestore(flags({ members, name: "n2", token: "t", "bump-index": 5, "new-cluster-id": false }));
  expect(request).toMatchObject({ name: "n2", token: "t", bumpIndex: 5, keepClusterId: true, settings: { listenPeer: "127.0.0.1:7412" }, members: [{ name: "n1", peerAddress: "127.0.0.1:7411" }, { name: "n2", peerAddress: "127.0.0.1:7412" }] });
  const advertised = await prepareRestore(flags({ members, "listen-peer": "127.0.0.1:1", "advertise-peer": "127.0.0.1:7411" }));
  expect(advertised.request.settings).toMatchObject({ listenPeer: "127.0.0.1:1", advertisePeer: "127.0.0.1:7411" });
});

test("members that do not name this node, or give it another address, are refused", async () => {
  await expect(prepareRestore(flags({ members, name: "n3" }))).rejects.toMatchObject({ code: "USAGE", message: expect.stringContaining("n3 is not among n1, n2") as string });
  await expect(prepareRestore(flags({ members, "listen-peer": "127.0.0.1:1" }))).rejects.toMatchObject({ code: "USAGE", hint: "--listen-peer 127.0.0.1:7411, or --advertise-peer 127.0.0.1:7411" });
  await expect(prepareRestore(flags({ members: "n1=127.0.0.1:1,n2=127.0.0.1:1" }))).rejects.toMatchObject({ code: "USAGE" });
});

test("a failed attempt is cleaned up, and what was there before is not touched", async () => {
  const [fresh, used] = [join(directory, "fresh"), join(directory, "used")];
  mkdirSync(used);
  writeFileSync(join(used, "mine"), "");
  for (const dataDir of [fresh, used]) {
    const failing = restoreCleanly(dataDir, async () => {
      mkdirSync(join(dataDir, "regions"), { recursive: true });
      throw new RaftctlError("NO_SPACE", "full");
    });
    await expect(failing).rejects.toMatchObject({ code: "NO_SPACE" });
  }
  expect([existsSync(fresh), readdirSync(used)]).toEqual([false, ["mine"]]);
});

test("the directory of somebody else's node is left as it is", async () => {
  const taken = join(directory, "taken");
  const failing = restoreCleanly(taken, async () => {
    mkdirSync(taken);
    throw new RaftctlError("LOCKED", "a daemon runs there");
  });
  await expect(failing).rejects.toMatchObject({ code: "LOCKED" });
  expect(existsSync(taken)).toBe(true);
});

const report = {
  directory: "/d", running: [], stateDigest: "00", source: { clusterId: "old", index: 10, term: 2, region: { name: "global" } },
  plan: { identity: { clusterId: "new", clusterIncarnation: 1, nodeId: "1", name: "n1" }, position: { index: 15, term: 2 }, membership: { members: ["n1", "n2"].map((name) => ({ id: name, name, peerAddress: `${name}:1` })) } },
};

test("what only an operator can know is asked: members that run already, and an old cluster that must be gone (H8)", async () => {
  const request = { name: "n1", members: [], token: undefined, keepClusterId: false, bumpIndex: 0, settings: { listenPeer: "", listenClient: "" } };
  await approval(request, false)(report);
  await expect(approval(request, false)({ ...report, running: ["n2"] })).rejects.toMatchObject({ code: "UNSAFE", message: expect.stringContaining("n2 of cluster new run already") as string });
  await expect(approval({ ...request, keepClusterId: true }, false)(report)).rejects.toMatchObject({ code: "UNSAFE", message: expect.stringContaining("the cluster id is kept") as string });
  await approval({ ...request, keepClusterId: true }, true)({ ...report, running: ["n2"] });
});

test("the other machines are told the cluster id that they must see", () => {
  const document = restoredDocument(report, true);
  expect(document).toMatchObject({ applied: true, lastIndex: "15", from: { clusterId: "old", lastIndex: "10" } });
  expect(restoredText(document)).toContain("on n2: each must say cluster new");
  expect(restoredText(restoredDocument(report, false))).toBe("would make n1 in /d, cluster new, at index 15");
});

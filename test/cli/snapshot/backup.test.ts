// `snapshot --output` against a node that is played: what is asked of whom, what stands on the disk afterwards, and how far it is.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RaftctlError } from "../../../src/base/errors.ts";
import { backUp, checkBackupName, progressText, type BackupRequest } from "../../../src/cli/snapshot/backup.ts";
import { withChosenNode } from "../../../src/cli/snapshot/chosen-node.ts";
import { checkRequest } from "../../../src/cli/snapshot/snapshot-verb.ts";
import type { Client } from "../../../src/client/client.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "raftctl-backup-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const content = ["one", "two"];
const opened = { id: "1", clusterId: "c", node: "n1", region: "global", index: 42, term: 3, members: ["n1"], keys: 2, stateDigest: "d", estimatedBytes: 6 };

class PlayedNode {
  readonly asked: { method: string; params: Record<string, unknown> }[] = [];
  failure: RaftctlError | undefined;
  /** Called before each piece. */
  onRead: (() => void) | undefined;

  readonly client = {
    timeoutMs: 1_000, server: { nodeId: "1" },
    admin: {
      call: async (method: string, params: Record<string, unknown>) => {
        this.asked.push({ method, params });
        if (method === "snapshotOpen") return opened;
        if (method === "memberList") return { members: [{ id: "1", name: "n1", leader: false, clientAddress: "127.0.0.1:1" }] };
        if (method === "snapshotClose") return { wasOpen: true, sha256: createHash("sha256").update(content.join("")).digest("hex") };
        this.onRead?.();
        const part = params["part"] as number;
        if (this.failure !== undefined && part > 0) throw this.failure;
        return new TextEncoder().encode(content[part] ?? "");
      },
    },
  } as unknown as Client;
}

const request = (more: Partial<BackupRequest> = {}): BackupRequest => ({ output: join(directory, "b"), name: undefined, from: "leader", compression: "none", dryRun: false, quiet: true, timeoutMs: undefined, ...more });

test("by default a majority confirms first, and the file is what the node sent", async () => {
  const node = new PlayedNode();
  const document = await backUp(node.client, request());
  expect(node.asked[0]).toEqual({ method: "snapshotOpen", params: { linearizable: true, compression: "none" } });
  expect(readFileSync(join(directory, "b"), "utf8")).toBe("onetwo");
  expect(document).toMatchObject({ applied: true, file: join(directory, "b"), bytes: 6, sha256: createHash("sha256").update("onetwo").digest("hex"), lastIndex: "42", lastTerm: "3", keys: 2 });
});

test("a node's own state is taken without a majority", async () => {
  for (const from of ["local", "n1"]) {
    const node = new PlayedNode();
    await backUp(node.client, request({ from, output: join(directory, from) }));
    expect(node.asked.find(({ method }) => method === "snapshotOpen")?.params).toEqual({ linearizable: false, compression: "none" });
  }
});

test("in a directory the file is named by the label, or the region, and the index", async () => {
  await backUp(new PlayedNode().client, request({ output: directory }));
  await backUp(new PlayedNode().client, request({ output: directory, name: "nightly" }));
  expect(readdirSync(directory)).toEqual(["global-42.raftbak", "nightly-42.raftbak"]);
});

test("when the node fails on the way, or the file appears meanwhile, nothing is left and the export is closed", async () => {
  const lost = new PlayedNode();
  lost.failure = new RaftctlError("CONNECTION_LOST", "gone");
  await expect(backUp(lost.client, request())).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  expect([readdirSync(directory), lost.asked.at(-1)?.method]).toEqual([[], "snapshotClose"]);
  const beaten = new PlayedNode();
  beaten.onRead = () => writeFileSync(join(directory, "b"), "theirs");
  await expect(backUp(beaten.client, request())).rejects.toMatchObject({ code: "CONFLICT" });
  expect([readdirSync(directory), readFileSync(join(directory, "b"), "utf8")]).toEqual([["b"], "theirs"]);
});

test("a dry run says what it would write, writes nothing, and leaves no export open", async () => {
  const node = new PlayedNode();
  expect(await backUp(node.client, request({ dryRun: true }))).toMatchObject({ applied: false, file: null, bytes: null, lastIndex: "42" });
  expect([node.asked.map(({ method }) => method), existsSync(join(directory, "b"))]).toEqual([["snapshotOpen", "snapshotClose"], false]);
});

test("no leader and a stranger are named", async () => {
  const { client } = new PlayedNode();
  const work = async (): Promise<string> => "asked";
  await expect(withChosenNode(client, "leader", work)).rejects.toMatchObject({ code: "NO_LEADER" });
  await expect(withChosenNode(client, "n7", work)).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect([await withChosenNode(client, "n1", work), await withChosenNode(client, "local", work)]).toEqual(["asked", "asked"]);
});

test("progress is bytes, rate and, where the whole is known roughly, the time left", () => {
  expect(progressText(10 * 1024 * 1024, 1_000, null)).toBe("10MiB, 10MiB/s");
  expect(progressText(10 * 1024 * 1024, 1_000, 30 * 1024 * 1024)).toBe("10MiB, 10MiB/s, about 2s left");
  expect(progressText(40 * 1024 * 1024, 1_000, 30 * 1024 * 1024)).toBe("40MiB, 40MiB/s");
});

test("a name that could be a path, or flags that fit no file, are refused before anybody is asked", () => {
  for (const name of ["../x", "a/b", "", "a\0b", ".hidden"]) expect(() => checkBackupName(name), JSON.stringify(name)).toThrow("is no name for a backup");
  const flags = { verify: false, compact: false, "dry-run": false, quiet: true, json: true };
  expect(() => checkRequest("nightly", flags)).toThrow("--output says where");
  expect(() => checkRequest(undefined, { ...flags, output: "-" })).toThrow("leaves no place for --json");
  expect(checkRequest(undefined, flags)).toBeUndefined();
  expect(checkRequest("nightly", { ...flags, output: "d" })).toMatchObject({ from: "leader", compression: "none", name: "nightly" });
});

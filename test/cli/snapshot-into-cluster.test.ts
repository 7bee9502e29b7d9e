// A backup's keys are written into a cluster that runs: only what differs, after somebody has agreed, and what ends half way goes on where it was.

import { expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { RaftctlError } from "../../src/base/errors.ts";
import { intoClusterText, restoreIntoCluster, type BackupRecord, type IntoClusterRequest } from "../../src/cli/snapshot/into-cluster.ts";
import type { Client } from "../../src/client/client.ts";

/** A cluster that holds texts, page by page, and may refuse a write. */
class Cluster {
  readonly held = new Map<string, string>();
  readonly written: string[] = [];
  refuse: (key: string) => RaftctlError | undefined = () => undefined;

  constructor(held: Readonly<Record<string, string>>) {
    for (const [key, value] of Object.entries(held)) this.held.set(key, value);
  }

  get client(): Client {
    const change = async (key: Uint8Array, apply: (text: string) => void): Promise<void> => {
      const text = new TextDecoder().decode(key);
      const refusal = this.refuse(text);
      if (refusal !== undefined) throw refusal;
      this.written.push(text);
      apply(text);
    };
    const kv = {
      range: async ({ start }: { readonly start?: Uint8Array }) => this.#page(start),
      put: (key: Uint8Array, value: Uint8Array) => change(key, (text) => this.held.set(text, new TextDecoder().decode(value))),
      delete: (key: Uint8Array) => change(key, (text) => this.held.delete(text)),
    };
    return { kv } as unknown as Client;
  }

  /** Two keys at most, as they are by then. */
  #page(start: Uint8Array = utf8("")): { records: { key: Uint8Array; value: Uint8Array }[]; more: boolean } {
    const all = [...this.held].filter(([key]) => key >= new TextDecoder().decode(start)).toSorted(([left], [right]) => (left < right ? -1 : 1));
    return { records: all.slice(0, 2).map(([key, value]) => ({ key: utf8(key), value: utf8(value) })), more: all.length > 2 };
  }
}

function request(records: Readonly<Record<string, string>>, more: Partial<IntoClusterRequest> = {}): IntoClusterRequest {
  const header = { region: { name: "global" }, clusterId: "c", index: 7, term: 2 };
  const read = async function* (): AsyncGenerator<BackupRecord> {
    for (const [key, value] of Object.entries(records)) yield { key: utf8(key), value: utf8(value) };
  };
  return { file: { path: "/b", header } as unknown as IntoClusterRequest["file"], withRecords: (use) => use(read()), region: "global", dryRun: false, yes: true, quiet: true, ...more };
}

const backup = { a: "1", b: "2", c: "3", d: "4", e: "5" };

test("what is missing or different is written, what is not in the backup is deleted, and the rest is left alone", async () => {
  const cluster = new Cluster({ a: "1", b: "other", x: "9", y: "9", e: "5" });
  const document = await restoreIntoCluster(cluster.client, request(backup));
  expect(document).toMatchObject({ applied: true, intoCluster: true, file: "/b", region: "global", put: 3, deleted: 2, unchanged: 2, from: { clusterId: "c", lastIndex: "7", lastTerm: "2" } });
  expect(Object.fromEntries(cluster.held)).toEqual(backup);
  expect(cluster.written.toSorted()).toEqual(["b", "c", "d", "x", "y"]);
  expect(intoClusterText(document)).toBe("3 keys written, 2 deleted, 2 left alone: as in /b (index 7)");
});

test("a dry run counts and writes nothing; without a word of agreement nothing is written either (exit 9)", async () => {
  const cluster = new Cluster({ z: "1" });
  const planned = await restoreIntoCluster(cluster.client, request(backup, { dryRun: true, yes: false }));
  expect(planned).toMatchObject({ applied: false, put: 5, deleted: 1, unchanged: 0 });
  expect(intoClusterText(planned)).toBe("5 keys would be written, 1 would be deleted, 0 would be left alone: as in /b (index 7)");
  const refusal = { code: "UNSAFE", message: expect.stringContaining("this writes 5 keys and deletes 1, so that the cluster that runs holds the keys of /b") };
  await expect(restoreIntoCluster(cluster.client, request(backup, { yes: false }))).rejects.toMatchObject(refusal);
  expect(cluster.written).toEqual([]);
});

test("a backup of another region is not written", async () => {
  const cluster = new Cluster({});
  await expect(restoreIntoCluster(cluster.client, request(backup, { region: "eu" }))).rejects.toMatchObject({ code: "INVALID_ARGUMENT", message: "/b is a backup of region global, and region eu is meant" });
  expect(cluster.written).toEqual([]);
});

test("what ends half way says how far it came, and the same again writes the rest", async () => {
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, place) => [`k${String(place).padStart(3, "0")}`, "v"]));
  const cluster = new Cluster({});
  cluster.refuse = (key) => (key === "k150" ? new RaftctlError("NO_LEADER", "nobody leads", { details: { missing: ["n2"] } }) : undefined);
  const failure = restoreIntoCluster(cluster.client, request(many));
  // All of its batch but one were written.
  await expect(failure).rejects.toMatchObject({
    code: "NO_LEADER", exit: 5, message: "the restore ended half way, after 191 keys were written and 0 deleted: nobody leads", details: { missing: ["n2"], put: 191, deleted: 0 },
    hint: "run the same again: what is there already is left alone",
  });
  expect(cluster.held.size).toBe(191);
  cluster.refuse = () => undefined;
  expect(await restoreIntoCluster(cluster.client, request(many))).toMatchObject({ put: 109, unchanged: 191 });
  expect(Object.fromEntries(cluster.held)).toEqual(many);
});

test("a backup that turns out to be damaged while it is counted changes nothing", async () => {
  const cluster = new Cluster({ z: "1" });
  const broken = async function* (): AsyncGenerator<BackupRecord> {
    yield { key: utf8("a"), value: utf8("1") };
    throw new RaftctlError("CORRUPT", "damaged");
  };
  await expect(restoreIntoCluster(cluster.client, request({}, { withRecords: (use) => use(broken()) }))).rejects.toMatchObject({ code: "CORRUPT" });
  expect(cluster.written).toEqual([]);
});

// The storage of docs/embedding.md: it passes the package's suite, and a node on it comes back as the voter that it was.

import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { emptyMembership, encodeEntry, jsonCodec, MemoryNetwork, parseNodeId, Raft, type Member, type Membership } from "../../src/embedding/index.ts";
import { durableStorageCases, storageCases, type StorageSubject } from "../../src/conformance/storage.ts";
import { eventually } from "../platform/eventually.ts";
import { Counter, type Add, type TooLow } from "./counters.ts";
import { FileStorage } from "./file-storage.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "raftctl-storage-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

let files = 0;
const subject: StorageSubject = {
  open: async () => {
    const path = join(directory, `${(files += 1)}.json`);
    const open = () => FileStorage.open(path, new Counter(), emptyMembership);
    return { storage: await open(), restart: open };
  },
  command: (number) => encodeEntry(jsonCodec, { add: number }),
};

for (const { name, run } of [...storageCases, ...durableStorageCases]) test(`the documented storage: ${name} (S31)`, () => run(subject));

test("docs/embedding.md shows the code that runs here (S31)", () => {
  const document = readFileSync(new URL("../../docs/embedding.md", import.meta.url), "utf8");
  expect(document).toContain(`\`\`\`ts\n${readFileSync(new URL("file-storage.ts", import.meta.url), "utf8")}\`\`\``);
});

test("nodes on a durable storage start under their ids again, with what was acknowledged, whether one of them or all were away, and one that comes later is added (S73, S104)", async () => {
  const network = new MemoryNetwork();
  const ids = ["1", "2", "3"];
  const memberOf = (id: string): Member => ({ id: parseNodeId(id), name: id, peerAddress: id, clientAddress: id, incarnation: 1, masterEligible: true });
  const founding: Membership = { ...emptyMembership, voters: ids.map(parseNodeId), members: ids.map(memberOf) };
  const start = async (id: string, membership = founding) => {
    const counter = new Counter();
    const storage = await FileStorage.open(join(directory, `node-${id}.json`), counter, membership);
    return { counter, raft: await Raft.start<Add, number, TooLow>({ id, storage, network: (own) => network.connect(own), electionTimeoutMs: 400, timeoutMs: 20_000 }) };
  };
  let nodes = await Promise.all(ids.map((id) => start(id)));
  for (let at = 0; at < 10; at += 1) await nodes[at % 3]!.raft.client({ entry: { add: 1 } });
  await nodes[2]!.raft.stop();
  expect((await nodes[0]!.raft.client({ entry: { add: 1 } })).result).toBe(11);
  nodes[2] = await start("3");
  await eventually(() => nodes[2]!.counter.value).toBe(11);
  await nodes.find(({ raft }) => raft.isLeader)!.raft.takeSnapshot();
  await Promise.all(nodes.map(({ raft }) => raft.stop()));
  nodes = await Promise.all(ids.map((id) => start(id)));
  expect((await nodes[1]!.raft.client({ entry: { add: 1 } })).result).toBe(12);
  expect(await nodes[0]!.raft.client({ entry: { add: -20 } })).toMatchObject({ refused: { code: "TOO_LOW", value: 12 } });

  const newcomer = await start("4", emptyMembership);
  const leader = nodes.find(({ raft }) => raft.isLeader)!.raft;
  await leader.changeMembership({ upsert: [memberOf("4")] });
  await eventually(() => newcomer.counter.value).toBe(12);
  await leader.changeMembership({ promote: [newcomer.raft.id] });
  expect((await newcomer.raft.client({ entry: { add: 1 } })).result).toBe(13);
  await Promise.all([...nodes, newcomer].map(({ raft }) => raft.stop()));
});

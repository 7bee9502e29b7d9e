// S31: the suite of storage-conformance.ts over every storage there is.

import { MemoryStore } from "../../src/machine/memory-store.ts";
import { emptyMembership } from "../../src/raft/membership.ts";
import { encodeEntry, jsonCodec, VolatileStorage, type StateMachine } from "../../src/embedding/index.ts";
import { durableStorageCases, storageCases } from "../../src/conformance/storage.ts";
import { test, expect } from "vitest";
import { storageConformance } from "./storage-conformance.ts";
import { MemoryRaftStorage } from "./support/memory-raft-storage.ts";
import { RaftStorageState } from "./support/memory-state.ts";
import { emptyDisk, openRegion } from "./support/region-bench.ts";

for (const variant of ["at once", "promises"] as const) {
  storageConformance(`memory that answers ${variant}`, async () => {
    let storage = new MemoryRaftStorage(variant, new RaftStorageState(emptyMembership));
    return { storage, restart: async () => (storage = storage.restarted()) };
  });
}

for (const kept of [true, false]) {
  storageConformance(`the daemon's, whose state ${kept ? "survives" : "is lost"}`, async () => {
    const disk = await emptyDisk();
    const store = new MemoryStore();
    const { storage } = await openRegion(disk, store);
    return { storage, restart: async () => (await openRegion(disk.copy(), kept ? store : new MemoryStore())).storage };
  });
}

class Recorder implements StateMachine<number, number> {
  commands: number[] = [];
  apply(command: number): { result: number } {
    return { result: this.commands.push(command) };
  }
  snapshot(): Uint8Array {
    return jsonCodec.encode(this.commands);
  }
  restore(snapshot: Uint8Array): void {
    this.commands = jsonCodec.decode(snapshot) as number[];
  }
}

const volatile = {
  open: async () => ({ storage: new VolatileStorage(new Recorder(), jsonCodec, emptyMembership), restart: async () => new VolatileStorage(new Recorder(), jsonCodec, emptyMembership) }),
  command: (number: number) => encodeEntry(jsonCodec, number),
};

for (const { name, run } of storageCases) test(`the embedding library's, which forgets: ${name} (S31, S105)`, () => run(volatile));

test("the claims about durability tell a storage that forgets from one that does not", async () => {
  const ends = await Promise.all(durableStorageCases.map(({ run }) => run(volatile).then(() => "held", () => "failed")));
  expect(ends.filter((end) => end === "failed").length).toBeGreaterThanOrEqual(durableStorageCases.length - 1);
});

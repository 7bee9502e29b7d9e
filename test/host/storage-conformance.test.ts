// S31: the suite of storage-conformance.ts over every storage there is.

import { MemoryStore } from "../../src/machine/memory-store.ts";
import { emptyMembership } from "../../src/raft/membership.ts";
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

// The conformance suite of the package over one storage, as tests of this repository; and entries of the key-value machine for tests of the daemon's storage.

import { test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { durableStorageCases, storageCases, type StorageUnderTest } from "../../src/conformance/storage.ts";
import { entryTypes, type Entry } from "../../src/raft/entry.ts";
import { encodeCommand } from "../../src/wire/command.ts";

export { send, snapshotOf } from "../../src/conformance/storage-entries.ts";

const command = (index: number, value = `v${index}`): Uint8Array => encodeCommand({ operation: "put", key: utf8(`k${index % 7}`), value: utf8(value), wantPrevious: false });

export const put = (index: number, term = 1, value = `v${index}`): Entry => ({ index, term, type: entryTypes.command, data: command(index, value) });
export const puts = (first: number, last: number, term = 1): Entry[] => Array.from({ length: last - first + 1 }, (_, place) => put(first + place, term));

export function storageConformance(name: string, open: () => Promise<StorageUnderTest>): void {
  for (const { name: claim, run } of [...storageCases, ...durableStorageCases]) test(`${name}: ${claim} (S31)`, () => run({ open, command: (number) => command(number) }));
}

// The parts of a put that matter: the bytes of the command and of its frame, the records of the log, the core, the log with and without a disk, and the state.

import { globalRegion, nodeIdFromBigint, parseClusterId } from "../../../src/base/ids.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { walBounds } from "../../../src/daemon/wal-bounds.ts";
import { Machine } from "../../../src/machine/machine.ts";
import { crc32 } from "../../../src/platform/crc32.ts";
import { openLmdbStore } from "../../../src/platform/lmdb-store.ts";
import { NodeDisk } from "../../../src/platform/node-disk.ts";
import { SystemClock } from "../../../src/platform/system-clock.ts";
import { type Entry, entryTypes } from "../../../src/raft/entry.ts";
import type { Disk } from "../../../src/storage/disk.ts";
import { decodeEntries, encodeEntries } from "../../../src/storage/wal/record.ts";
import { foundWal } from "../../../src/storage/wal/segment.ts";
import { Wal } from "../../../src/storage/wal/wal.ts";
import { decodeClientRequest, encodeClientRequest } from "../../../src/wire/client-requests.ts";
import { messagePackCodec } from "../../../src/wire/codec.ts";
import { decodeCommand, encodeCommand, withTime } from "../../../src/wire/command.ts";
import { FrameDecoder, FrameEncoder, type WireFields } from "../../../src/wire/frame.ts";
import { limits } from "../../../src/wire/limits.ts";
import { MemoryDisk } from "../../storage/memory-disk.ts";
import { keyOf, value } from "../workload.ts";
import { coreStep } from "./core-step.ts";
import type { Part, PartialWork } from "./part.ts";

const batch = 64;
const segmentBytes = 16 * 1024 ** 2;
const segmentsKept = 2;

const put = (number: number): Uint8Array => encodeCommand({ operation: "put", key: keyOf(number % 10_000), value, wantPrevious: false, session: { id: 7n, sequence: number + 1 } });
const commands = Array.from({ length: 1024 }, (_, number) => put(number));
const commandAt = (number: number): Uint8Array => commands[number % commands.length]!;

function entriesFrom(index: number, count: number): Entry[] {
  return Array.from({ length: count }, (_, offset) => ({ index: index + offset, term: 1, type: entryTypes.command, data: commandAt(index + offset) }));
}

const commandCodec: Part = {
  id: "codec.command", title: "a put command: encode and decode", batch: 1,
  prepare: () => ({ run: (times) => { for (let number = 0; number < times; number += 1) decodeCommand(put(number)); } }),
};

const frameCodec: Part = {
  id: "codec.frame", title: "a put request: into a frame and out of it", batch: 1,
  prepare: () => {
    const encoder = new FrameEncoder(messagePackCodec, crc32);
    const decoder = new FrameDecoder(limits.clientFrameBytesMax, crc32);
    return { run: (times) => {
      for (let number = 0; number < times; number += 1) {
        const { head } = encoder.encode(encodeClientRequest({ operation: "propose", region: globalRegion, waitFor: "applied", timeoutMs: 5000, command: commandAt(number) }));
        decoder.push(head, (payload) => void decodeClientRequest(messagePackCodec.decode(payload) as WireFields));
      }
    } };
  },
};

const records: Part = {
  id: "codec.records", title: "an entry: into records and out of them, 64 at a time", batch,
  prepare: () => {
    const entries = entriesFrom(1, batch);
    return { run: (times) => { for (let done = 0; done < times; done += batch) decodeEntries(encodeEntries(entries, globalRegion, crc32), globalRegion, crc32); } };
  },
};

const core: Part = { id: "core.step", title: "an entry through the core of a leader of three, 64 at a time", batch, prepare: () => coreStep(batch, commandAt) };

function appending(id: string, title: string, count: number, makeDisk: () => Disk): Part {
  return { id, title, batch: count, prepare: (directory) => appendWork(makeDisk(), directory, count) };
}

async function appendWork(disk: Disk, directory: string, count: number): Promise<PartialWork> {
  const owner = { clusterId: parseClusterId("0".repeat(32)), nodeId: nodeIdFromBigint(1n), incarnation: 1 };
  const path = `${directory}/wal`;
  await disk.makeDirectory(path);
  await foundWal(disk, path, owner, crc32);
  const wal = await Wal.open({ disk, directory: path, crc32, clock: new SystemClock(), logger: silentLogger, ...owner, segmentBytes, ...walBounds, onFatal: () => undefined });
  let next = 1;
  const run = async (times: number): Promise<void> => {
    for (let done = 0; done < times; done += count) {
      await wal.append([{ kind: "entries", region: globalRegion, entries: entriesFrom(next, count) }]);
      next += count;
      if (wal.stats.segments > segmentsKept) await wal.purge(new Map([[globalRegion, next - 1]]));
    }
  };
  return { run, close: () => wal.close() };
}

const apply: Part = {
  id: "machine.apply", title: "an entry applied to the state (LMDB), 64 at a time", batch,
  prepare: async (directory) => {
    const { store } = await openLmdbStore({ directory: `${directory}/state`, bootId: "bench" });
    const machine = new Machine({ store, crc32 });
    let next = 1;
    const run = (times: number): void => {
      for (let done = 0; done < times; done += batch) {
        const entries = Array.from({ length: batch }, (_, offset) => ({ index: next + offset, term: 1, type: entryTypes.command, data: withTime(put(next + offset), next) }));
        machine.applyBatch(entries);
        next += batch;
      }
    };
    return { run, close: () => store.close() };
  },
};

export const parts: readonly Part[] = [
  commandCodec, frameCodec, records, core,
  appending("wal.memory", "an entry appended to the log, no disk, 64 at a time", batch, () => new MemoryDisk()),
  appending("wal.disk-1", "an entry appended to the log and synced", 1, () => new NodeDisk()),
  appending("wal.disk-64", "an entry appended to the log and synced, 64 at a time", batch, () => new NodeDisk()),
  apply,
];

// The two ends of a state transfer, each alone: what a sender makes of each answer, and what a receiver lets near its storage.

import { VirtualClock } from "./support/virtual-clock.ts";
import { expect, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { RaftStorage, StoredSnapshot } from "../../src/host/raft-storage.ts";
import { SnapshotReceiver } from "../../src/host/snapshot-receiver.ts";
import { chunkBytes, SnapshotSender } from "../../src/host/snapshot-sender.ts";
import type { Messenger } from "../../src/host/messenger.ts";
import type { RaftClusterMember } from "../../src/host/transport.ts";
import type { Input } from "../../src/raft/input.ts";
import type { InstallSnapshotRpc, InstallSnapshotRpcResponse } from "../../src/wire/peer-protocol.ts";
import { codeOf, idOf, votersOf } from "./support/members.ts";

const flush = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const snapshot: StoredSnapshot = { index: 9, term: 2, membership: votersOf(1, 2), bytes: 2 * chunkBytes + 10 };
type Reply = Partial<InstallSnapshotRpcResponse>;

interface SenderBench {
  readonly offsets: number[];
  readonly delivered: Input[];
  readonly sender: SnapshotSender;
  /** The newest one; may be replaced. */
  readonly storage: { currentSnapshot: StoredSnapshot };
}

function sender(reply: (rpc: InstallSnapshotRpc) => Reply, isCurrent: () => boolean = () => true): SenderBench {
  const offsets: number[] = [];
  const delivered: Input[] = [];
  const installSnapshot = async (_to: string, rpc: InstallSnapshotRpc): Promise<InstallSnapshotRpcResponse> => {
    offsets.push(rpc.offset);
    return { type: "installSnapshotResponse", requestId: rpc.requestId, term: 3, accepted: true, matchIndex: 0, nextOffset: rpc.offset + rpc.data.length, ...reply(rpc) };
  };
  const storage = { currentSnapshot: snapshot, readSnapshot: (_snapshot: StoredSnapshot, _offset: number, length: number) => new Uint8Array(length) };
  const options = {
    id: idOf(1), network: { installSnapshot } as unknown as RaftClusterMember, storage: storage as unknown as RaftStorage, logger: silentLogger,
    chunkBytes, chunkTimeoutMs: 100, clock: new VirtualClock(), settleMs: 100, pin: () => () => undefined, deliver: (input: Input) => void delivered.push(input), nextRequestId: () => 1, takeSnapshot: () => Promise.resolve(), isCurrent,
  };
  return { offsets, delivered, storage, sender: new SnapshotSender(options) };
}

const transfer = { to: idOf(2), term: 3, indexMin: 5 };
const finished = (index: number | undefined): Input => ({ kind: "installFinished", peer: idOf(2), term: 3, index });

test("a transfer that is taken to its end says which index the peer holds", async () => {
  const end = sender(() => ({}));
  end.sender.start(transfer);
  await flush();
  expect([end.offsets, end.delivered]).toEqual([[0, chunkBytes, 2 * chunkBytes], [finished(9)]]);
  expect(end.sender.report()).toEqual({ completed: 1, aborted: {}, underWay: [] });
});

test("a peer of a higher term ends the transfer, and the core hears of the term (§5.1)", async () => {
  const end = sender(() => ({ term: 4, accepted: false }));
  end.sender.start(transfer);
  await flush();
  expect(end.offsets).toEqual([0]);
  expect(end.delivered).toEqual([
    { kind: "message", from: idOf(2), message: { type: "installSnapshotResponse", requestId: 1, term: 4, accepted: false, matchIndex: 0 } },
    finished(undefined),
  ]);
  expect(end.sender.report()).toEqual({ completed: 0, aborted: { "newer-term": 1 }, underWay: [] });
});

test("how far a transfer is, and why others ended, can be asked at any time", async () => {
  const seen: unknown[] = [];
  const end = sender(({ offset }) => {
    seen.push(end.sender.report().underWay);
    if (offset > 0) throw new RaftctlError("CONNECTION_LOST", "the connection is gone");
    return {};
  });
  end.sender.start(transfer);
  await flush();
  const { index, bytes } = snapshot;
  expect(seen).toEqual([0, chunkBytes].map((sentBytes) => [{ peer: idOf(2), index, bytes, sentBytes }]));
  end.sender.start(transfer);
  await flush();
  expect(end.sender.report()).toEqual({ completed: 0, aborted: { CONNECTION_LOST: 2 }, underWay: [] });
});

test("after a cut a transfer goes on with the snapshot that it had begun, though a newer one was taken, for as long as the log goes on behind it (H33)", async () => {
  for (const [code, indexMin, next] of [["CONNECTION_LOST", 9, 9], ["CONNECTION_LOST", 10, 20], ["CORRUPT", 9, 20]] as const) {
    const sent: number[] = [];
    let isCut = true;
    const end = sender((rpc) => {
      sent.push(rpc.snapshot.index);
      if (isCut && rpc.offset > 0) throw new RaftctlError(code, "ended");
      return {};
    });
    end.sender.start(transfer);
    await flush();
    isCut = false;
    end.storage.currentSnapshot = { ...snapshot, index: 20 };
    end.sender.start({ ...transfer, indexMin });
    await flush();
    expect(sent).toEqual([9, 9, next, next, next]);
    expect(end.delivered).toEqual([finished(undefined), finished(next)]);
    // What was taken to its end is not sent again.
    end.sender.start(transfer);
    await flush();
    expect(sent.at(-1)).toBe(20);
  }
});

test("a peer that has committed as much already ends the transfer with what it holds", async () => {
  for (const [matchIndex, index] of [[12, 12], [0, undefined]] as const) {
    const end = sender(() => ({ accepted: false, matchIndex }));
    end.sender.start(transfer);
    await flush();
    expect([end.offsets, end.delivered]).toEqual([[0], [finished(index)]]);
    expect(end.sender.report().aborted).toEqual({ declined: 1 });
  }
});

test("a leader that was deposed sends no further chunk", async () => {
  let current = true;
  const end = sender(() => {
    current = false;
    return {};
  }, () => current);
  end.sender.start(transfer);
  await flush();
  expect([end.offsets, end.delivered]).toEqual([[0], [finished(undefined)]]);
  expect(end.sender.report().aborted).toEqual({ "leadership-lost": 1 });
});

test("one transfer per peer: a second wish ends at once, and the first goes on", async () => {
  const end = sender(() => ({}));
  end.sender.start(transfer);
  end.sender.start(transfer);
  expect(end.delivered).toEqual([finished(undefined)]);
  await flush();
  expect(end.delivered.at(-1)).toEqual(finished(9));
});

test("a refused chunk never reaches storage, and a second one waits its turn (Figure 13)", async () => {
  const stored: number[] = [];
  const verdicts = [true, false];
  const messenger = { receive: async () => ({ type: "installSnapshotResponse", requestId: 1, term: 3, accepted: verdicts.shift(), matchIndex: 4 }) };
  const storage = { receiveSnapshot: async (_snapshot: unknown, offset: number, data: Uint8Array) => (stored.push(offset), offset + data.length) };
  const receiver = new SnapshotReceiver(messenger as unknown as Messenger, storage as unknown as RaftStorage, { deliver: () => undefined, fatal: () => undefined });
  const { index, term, membership } = snapshot;
  const chunk = (offset: number): InstallSnapshotRpc => ({
    type: "installSnapshot", requestId: 1, term: 3, leaderId: idOf(1), snapshot: { index, term, membership }, offset, data: new Uint8Array(10), done: false,
  });
  const first = receiver.receive(idOf(1), chunk(0));
  expect(await codeOf(receiver.receive(idOf(1), chunk(10)))).toBe("BUSY");
  expect((await first).nextOffset).toBe(10);
  expect(await receiver.receive(idOf(1), chunk(10))).toMatchObject({ accepted: false, nextOffset: 10 });
  expect(stored).toEqual([0]);
});

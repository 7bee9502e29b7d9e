import { expect, test } from "vitest";
import { defer } from "../../src/base/deferred.ts";
import type { Messenger } from "../../src/host/messenger.ts";
import type { RaftStorage } from "../../src/host/raft-storage.ts";
import { SnapshotReceiver } from "../../src/host/snapshot-receiver.ts";
import type { InstallSnapshotResponse } from "../../src/raft/message.ts";
import type { InstallSnapshotRpc } from "../../src/wire/peer-protocol.ts";
import { idOf, votersOf, watch } from "./support/members.ts";

const response = (accepted: boolean, matchIndex: number): InstallSnapshotResponse => ({ type: "installSnapshotResponse", requestId: 1, term: 3, accepted, matchIndex });
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("the last chunk is answered when the snapshot is installed, and with what came of it, not when it has arrived (H33, S73)", async () => {
  const installed = defer<InstallSnapshotResponse>();
  const messenger = { receive: async () => response(true, 4), awaitInstall: () => installed.promise };
  const storage = { receiveSnapshot: async (_: unknown, offset: number, data: Uint8Array) => offset + data.length, finishReceiving: async () => undefined };
  const owner = { deliver: () => undefined, fatal: () => undefined };
  const receiver = new SnapshotReceiver(messenger as unknown as Messenger, storage as unknown as RaftStorage, owner);
  const last: InstallSnapshotRpc = {
    type: "installSnapshot", requestId: 1, term: 3, leaderId: idOf(1), snapshot: { index: 9, term: 2, membership: votersOf(1, 2) },
    offset: 0, data: new Uint8Array(10), done: true,
  };
  const answer = watch(receiver.receive(idOf(1), last));
  await settle();
  expect(answer.state).toBe("pending");
  installed.resolve(response(false, 9));
  await settle();
  expect(answer.value).toMatchObject({ accepted: false, matchIndex: 9, nextOffset: 10 });
});

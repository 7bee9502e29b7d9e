// The receiving side of a state transfer (§7, Figure 13). The core judges each chunk by its header; accepted bytes go to storage; with the last one
// the whole is verified, the core decides whether it still wants it, and only then log and state machine are replaced.

import type { MaybePromise } from "../base/deferred.ts";
import { RaftctlError, toRaftctlError, type ErrorCode } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import { mark } from "../base/mark.ts";
import type { Input } from "../raft/input.ts";
import type { InstallSnapshotResponse } from "../raft/message.ts";
import type { InstallSnapshotRpc, InstallSnapshotRpcResponse } from "../wire/peer-protocol.ts";
import type { Messenger } from "./messenger.ts";
import type { RaftStorage } from "./raft-storage.ts";

export interface SnapshotReceiverOwner {
  deliver(input: Input): void;
  fatal(error: Error): void;
}

/** The transfer ends or begins anew, and nothing is lost; any other failure of storage is fatal. */
const harmless: ReadonlySet<ErrorCode> = new Set(["CORRUPT", "NO_SPACE", "BAD_REQUEST", "STOPPED"]);

export class SnapshotReceiver {
  readonly #messenger: Messenger;
  readonly #storage: RaftStorage;
  readonly #owner: SnapshotReceiverOwner;
  #busy = false;

  constructor(messenger: Messenger, storage: RaftStorage, owner: SnapshotReceiverOwner) {
    this.#messenger = messenger;
    this.#storage = storage;
    this.#owner = owner;
  }

  async receive(from: NodeId, rpc: InstallSnapshotRpc): Promise<InstallSnapshotRpcResponse> {
    if (this.#busy) {
      mark("snapshot-chunk-refused-another-is-written");
      throw new RaftctlError("BUSY", "another chunk of a snapshot is being written");
    }
    this.#busy = true;
    try {
      const { type, requestId, term, leaderId, snapshot } = rpc;
      const verdict = await this.#messenger.receive<InstallSnapshotResponse>(from, { type, requestId, term, leaderId, snapshot });
      if (!verdict.accepted) return { ...verdict, nextOffset: rpc.offset };
      const nextOffset = await this.#stored(() => this.#storage.receiveSnapshot(snapshot, rpc.offset, rpc.data));
      if (!rpc.done || nextOffset !== rpc.offset + rpc.data.length) return { ...verdict, nextOffset };
      await this.#stored(() => this.#storage.finishReceiving(snapshot));
      const settled = this.#messenger.awaitInstall(from, requestId);
      this.#owner.deliver({ kind: "snapshotReceived", from, requestId, term, snapshot });
      return { ...(await settled), nextOffset };
    } finally {
      this.#busy = false;
    }
  }

  async #stored<T>(write: () => MaybePromise<T>): Promise<T> {
    try {
      return await write();
    } catch (thrown) {
      const error = toRaftctlError(thrown);
      if (harmless.has(error.code)) mark("snapshot-chunk-not-stored");
      if (!harmless.has(error.code)) this.#owner.fatal(thrown instanceof Error ? thrown : error);
      throw error;
    }
  }
}

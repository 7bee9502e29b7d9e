// The sending side of a state transfer: makes sure that a snapshot at or above the wanted index exists, streams its file chunk by chunk, resumes
// where the receiver says, and tells the core how it ended. One transfer per peer; each chunk waits for its answer, so the memory is one chunk.

import { toRaftctlError, type ErrorCode } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import type { NodeId } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import { mark } from "../base/mark.ts";
import type { Input } from "../raft/input.ts";
import type { InstallSnapshotResponse } from "../raft/message.ts";
import type { Transfer } from "../raft/ready.ts";
import type { RaftStorage, StoredSnapshot } from "./raft-storage.ts";
import type { RaftClusterMember } from "./transport.ts";

export const chunkBytes = 256 * 1024;

/** After these the peer may still want the rest; after any other it gets what is newest then. */
const interruptions: ReadonlySet<ErrorCode> = new Set(["UNREACHABLE", "CONNECTION_LOST", "TIMEOUT", "BUSY"]);

export interface SnapshotSenderOptions {
  readonly id: NodeId;
  readonly network: RaftClusterMember;
  readonly storage: RaftStorage;
  readonly logger: Logger;
  /** Of one chunk, ms: the receiver writes it to its disk, and the last one rebuilds its state. */
  readonly chunkTimeoutMs: number;
  readonly chunkBytes: number;
  readonly clock: Clock;
  /** The log behind this index is kept until the answer is called. */
  readonly pin: (index: number) => () => void;
  /** So long after a transfer the peer may take to ask for what comes behind it, ms. */
  readonly settleMs: number;
  readonly deliver: (input: Input) => void;
  readonly nextRequestId: () => number;
  /** Takes a snapshot now, or waits for the one that is being taken. */
  readonly takeSnapshot: () => Promise<void>;
  readonly isCurrent: (term: number) => boolean;
}

export interface StateTransfers {
  /** Since the start. */
  readonly completed: number;
  /** Since the start, by reason: newer-term, declined, leadership-lost, or the code of an error. */
  readonly aborted: Readonly<Record<string, number>>;
  readonly underWay: readonly StateTransfer[];
}

export interface StateTransfer {
  readonly peer: NodeId;
  readonly index: number;
  readonly bytes: number;
  readonly sentBytes: number;
}

export class SnapshotSender {
  readonly #options: SnapshotSenderOptions;
  /** undefined: the snapshot is not there yet. */
  readonly #underWay = new Map<NodeId, StateTransfer | undefined>();
  /** What a peer holds a part of, since its connection failed. A newer snapshot would begin anew, and on a bad link perhaps never end. */
  readonly #interrupted = new Map<NodeId, StoredSnapshot>();
  readonly #aborted: Record<string, number> = {};
  #completed = 0;
  #stopped = false;

  constructor(options: SnapshotSenderOptions) {
    this.#options = options;
  }

  report(): StateTransfers {
    return { completed: this.#completed, aborted: { ...this.#aborted }, underWay: [...this.#underWay.values()].filter((transfer) => transfer !== undefined) };
  }

  start(transfer: Transfer): void {
    const { deliver, logger } = this.#options;
    const { to: peer, term } = transfer;
    if (this.#underWay.has(peer)) {
      mark("snapshot-send-refused-one-is-under-way");
      return deliver({ kind: "installFinished", peer, term, index: undefined });
    }
    this.#underWay.set(peer, undefined);
    this.#send(transfer)
      .catch((error: unknown) => {
        mark("snapshot-send-interrupted");
        const { code, message } = toRaftctlError(error);
        logger.warn({ peer, code, reason: message }, "a state transfer was interrupted");
        return this.#abandon(code);
      })
      .then((index) => {
        this.#underWay.delete(peer);
        if (!this.#stopped) deliver({ kind: "installFinished", peer, term, index });
        return undefined;
      })
      .catch(() => undefined);
  }

  stop(): void {
    this.#stopped = true;
  }

  #abandon(reason: string): undefined {
    this.#aborted[reason] = (this.#aborted[reason] ?? 0) + 1;
    return undefined;
  }

  async #send(transfer: Transfer): Promise<number | undefined> {
    const snapshot = await this.#snapshotFor(transfer);
    const unpin = this.#options.pin(snapshot.index);
    try {
      return await this.#sendAll(transfer, snapshot);
    } catch (error) {
      if (interruptions.has(toRaftctlError(error).code)) this.#interrupted.set(transfer.to, snapshot);
      throw error;
    } finally {
      const { clock, settleMs } = this.#options;
      clock.at(clock.now() + settleMs, unpin);
    }
  }

  async #sendAll(transfer: Transfer, snapshot: StoredSnapshot): Promise<number | undefined> {
    this.#options.logger.info({ peer: transfer.to, index: snapshot.index, bytes: snapshot.bytes }, "sending the state to a member that is behind the log");
    const { index, bytes } = snapshot;
    let offset = 0;
    while (!this.#stopped && this.#options.isCurrent(transfer.term)) {
      this.#underWay.set(transfer.to, { peer: transfer.to, index, bytes, sentBytes: offset });
      const length = Math.min(this.#options.chunkBytes, snapshot.bytes - offset);
      const answer = await this.#sendChunk(transfer, snapshot, { offset, length });
      if (answer.term > transfer.term) {
        mark("snapshot-send-ended-by-a-newer-term");
        this.#options.deliver({ kind: "message", from: transfer.to, message: coreAnswer(answer) });
        return this.#abandon("newer-term");
      }
      if (!answer.accepted) {
        mark("snapshot-send-declined");
        this.#abandon("declined");
        return answer.matchIndex > 0 ? answer.matchIndex : undefined;
      }
      if (offset + length === bytes && answer.nextOffset === bytes) {
        this.#completed += 1;
        return index;
      }
      if (answer.nextOffset !== offset + length) mark("snapshot-send-goes-on-elsewhere");
      offset = Math.min(answer.nextOffset, snapshot.bytes);
    }
    mark("snapshot-send-abandoned");
    return this.#abandon("leadership-lost");
  }

  async #snapshotFor(transfer: Transfer): Promise<StoredSnapshot> {
    const { storage, takeSnapshot } = this.#options;
    const begun = this.#interrupted.get(transfer.to);
    this.#interrupted.delete(transfer.to);
    if (begun !== undefined && begun.index >= transfer.indexMin) return begun;
    if (storage.currentSnapshot === undefined || storage.currentSnapshot.index < transfer.indexMin) await takeSnapshot();
    const snapshot = storage.currentSnapshot;
    if (snapshot === undefined) throw new Error("no snapshot could be taken");
    return snapshot;
  }

  async #sendChunk(transfer: Transfer, snapshot: StoredSnapshot, range: { offset: number; length: number }) {
    const { id, network, storage, nextRequestId, chunkTimeoutMs } = this.#options;
    const data = await storage.readSnapshot(snapshot, range.offset, range.length);
    const { index, term, membership } = snapshot;
    return network.installSnapshot(
      transfer.to,
      {
        type: "installSnapshot", requestId: nextRequestId(), term: transfer.term, leaderId: id, snapshot: { index, term, membership },
        offset: range.offset, data, done: range.offset + range.length === snapshot.bytes,
      },
      { timeoutMs: chunkTimeoutMs },
    );
  }
}

function coreAnswer({ type, requestId, term, accepted, matchIndex }: InstallSnapshotResponse): InstallSnapshotResponse {
  return { type, requestId, term, accepted, matchIndex };
}

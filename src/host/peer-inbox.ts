// What peers ask of one region: each request goes to the core, in the core's own form, and is answered by the core's response.

import type { Crc32 } from "../base/crc.ts";
import type { NodeId, RegionId } from "../base/ids.ts";
import type { AppendEntriesResponse, PreVote, PreVoteResponse, RequestVote, RequestVoteResponse, TimeoutNow, TimeoutNowResponse } from "../raft/message.ts";
import { decodeEntries } from "../storage/wal/record.ts";
import type { AppendEntriesRpc, AppendEntriesRpcResponse, InstallSnapshotRpc, InstallSnapshotRpcResponse } from "../wire/peer-protocol.ts";
import type { Messenger } from "./messenger.ts";
import type { SnapshotReceiver } from "./snapshot-receiver.ts";
import type { StateAudit } from "./state-audit.ts";

export interface PeerInboxParts {
  readonly region: RegionId;
  readonly crc32: Crc32;
  readonly messenger: Messenger;
  readonly snapshots: SnapshotReceiver;
  readonly audit: StateAudit;
}

export class PeerInbox {
  readonly #parts: PeerInboxParts;

  constructor(parts: PeerInboxParts) {
    this.#parts = parts;
  }

  /** @throws CORRUPT for entries that are damaged, and when this node learns from it that its own state is wrong */
  async appendEntries(from: NodeId, { checkpoint, ...rpc }: AppendEntriesRpc): Promise<AppendEntriesRpcResponse> {
    const { region, crc32, messenger, audit } = this.#parts;
    audit.received(checkpoint, rpc.term);
    const entries = rpc.entries.length === 0 ? [] : decodeEntries(rpc.entries, region, crc32);
    const response = await messenger.receive<AppendEntriesResponse>(from, { ...rpc, entries });
    const report = audit.report();
    return report === undefined ? response : { ...response, checkpoint: report };
  }

  requestVote(from: NodeId, rpc: RequestVote): Promise<RequestVoteResponse> {
    return this.#parts.messenger.receive<RequestVoteResponse>(from, rpc);
  }

  preVote(from: NodeId, rpc: PreVote): Promise<PreVoteResponse> {
    return this.#parts.messenger.receive<PreVoteResponse>(from, rpc);
  }

  timeoutNow(from: NodeId, rpc: TimeoutNow): Promise<TimeoutNowResponse> {
    return this.#parts.messenger.receive<TimeoutNowResponse>(from, rpc);
  }

  installSnapshot(from: NodeId, rpc: InstallSnapshotRpc): Promise<InstallSnapshotRpcResponse> {
    return this.#parts.snapshots.receive(from, rpc);
  }
}

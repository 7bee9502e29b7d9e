// What peers send goes to whoever stands behind the door: the forming node first, the node's regions once the cluster is there. The listener stays open
// all the while, so that a port that was chosen stays this node's.

import type { RaftReceiver } from "../../host/transport.ts";

export class ReceiverDoor {
  #behind: RaftReceiver;

  constructor(behind: RaftReceiver) {
    this.#behind = behind;
  }

  open(behind: RaftReceiver): void {
    this.#behind = behind;
  }

  readonly receiver: RaftReceiver = {
    requestVote: (from, region, rpc) => this.#behind.requestVote(from, region, rpc),
    preVote: (from, region, rpc) => this.#behind.preVote(from, region, rpc),
    appendEntries: (from, region, rpc) => this.#behind.appendEntries(from, region, rpc),
    installSnapshot: (from, region, rpc) => this.#behind.installSnapshot(from, region, rpc),
    timeoutNow: (from, region, rpc) => this.#behind.timeoutNow(from, region, rpc),
    propose: (from, region, rpc) => this.#behind.propose(from, region, rpc),
    readIndex: (from, region, rpc) => this.#behind.readIndex(from, region, rpc),
    admin: (from, region, rpc) => this.#behind.admin(from, region, rpc),
  };
}

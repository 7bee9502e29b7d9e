// Looks at the members once a second on the node that leads, and knows of each one that is behind how fast it catches up.

import type { Clock } from "../base/clock.ts";
import type { NodeId } from "../base/ids.ts";
import type { RaftEvent } from "../raft/ready.ts";
import type { RaftStatus } from "../raft/status.ts";
import { CatchUpMeter, type CatchUpEstimate } from "./catch-up-meter.ts";
import { Vigil } from "./vigil.ts";

const intervalMs = 1_000;

export class CatchUpWatch {
  readonly #clock: Clock;
  readonly #meters = new Map<NodeId, CatchUpMeter>();
  readonly #vigil: Vigil;

  constructor(clock: Clock, status: () => RaftStatus) {
    this.#clock = clock;
    this.#vigil = new Vigil(clock, intervalMs, () => this.#look(status()));
  }

  start(): void {
    this.#vigil.wake();
  }

  stop(): void {
    this.#vigil.stop();
  }

  observed(event: RaftEvent): void {
    if (event.kind === "roleChanged") this.#vigil.wake();
  }

  /** undefined: it is not behind, or not looked at for long enough, or this node does not lead. */
  estimateOf(id: NodeId): CatchUpEstimate | undefined {
    return this.#meters.get(id)?.estimate();
  }

  #look({ role, peers, lastIndex }: RaftStatus): boolean {
    if (role !== "leader") {
      this.#meters.clear();
      return false;
    }
    for (const id of this.#meters.keys()) if (!peers.some((peer) => peer.id === id)) this.#meters.delete(id);
    for (const { id, matchIndex, state } of peers) {
      // What a state transfer brings shows only at its end.
      if (state === "snapshot") this.#meters.delete(id);
      else this.#meterOf(id).note(this.#clock.now(), matchIndex, lastIndex);
    }
    return true;
  }

  #meterOf(id: NodeId): CatchUpMeter {
    const meter = this.#meters.get(id) ?? new CatchUpMeter();
    this.#meters.set(id, meter);
    return meter;
  }
}

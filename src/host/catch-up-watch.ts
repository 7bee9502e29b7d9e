// Looks at the members once a second on the node that leads, and knows of each one that is behind how fast it catches up.

import type { Clock, Timer } from "../base/clock.ts";
import type { NodeId } from "../base/ids.ts";
import type { RaftStatus } from "../raft/status.ts";
import { CatchUpMeter, type CatchUpEstimate } from "./catch-up-meter.ts";

const intervalMs = 1_000;

export class CatchUpWatch {
  readonly #clock: Clock;
  readonly #status: () => RaftStatus;
  readonly #meters = new Map<NodeId, CatchUpMeter>();
  #term = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, status: () => RaftStatus) {
    this.#clock = clock;
    this.#status = status;
  }

  start(): void {
    this.#timer = this.#clock.at(this.#clock.now() + intervalMs, () => {
      this.#look(this.#status());
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** undefined: it is not behind, or not looked at for long enough, or this node does not lead. */
  estimateOf(id: NodeId): CatchUpEstimate | undefined {
    return this.#meters.get(id)?.estimate();
  }

  #look({ role, currentTerm, peers, lastIndex }: RaftStatus): void {
    if (role !== "leader" || currentTerm !== this.#term) this.#meters.clear();
    this.#term = currentTerm;
    if (role !== "leader") return;
    for (const id of this.#meters.keys()) if (!peers.some((peer) => peer.id === id)) this.#meters.delete(id);
    for (const { id, matchIndex, state } of peers) {
      // What a state transfer brings shows only at its end.
      if (state === "snapshot") this.#meters.delete(id);
      else this.#meterOf(id).note(this.#clock.now(), matchIndex, lastIndex);
    }
  }

  #meterOf(id: NodeId): CatchUpMeter {
    const meter = this.#meters.get(id) ?? new CatchUpMeter();
    this.#meters.set(id, meter);
    return meter;
  }
}

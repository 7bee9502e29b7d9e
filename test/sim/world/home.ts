// What a process knows of the machine on which it runs.

import type { NodeId } from "../../../src/base/ids.ts";
import type { Member } from "../../../src/raft/membership.ts";
import type { SimDisk } from "../disk/sim-disk.ts";
import type { ClockConditions } from "../kernel/life-clock.ts";
import type { ProcessLife } from "../kernel/process-life.ts";
import type { SimStore } from "../store/sim-store.ts";

export interface Home extends Named {
  readonly disk: SimDisk;
  readonly store: SimStore;
  readonly clock: ClockConditions;
  readonly founder: boolean;
  /** How long replacing the state by a snapshot takes; undefined: as the seed has it. */
  readonly restoreMs: number | undefined;
  /** It says other digests than its state has. */
  readonly stateIsWrong: boolean;
  fatal(life: ProcessLife, error: Error): void;
}

export interface Named {
  readonly id: NodeId;
  readonly name: string;
  readonly incarnation: number;
  readonly clientPort: number;
  readonly masterEligible: boolean;
}

export function memberOf({ id, name, incarnation, clientPort, masterEligible }: Named): Member {
  return { id, name, peerAddress: `${name}:1`, clientAddress: `${name}:${clientPort}`, incarnation, masterEligible };
}

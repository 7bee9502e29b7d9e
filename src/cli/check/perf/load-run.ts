// Runs a load: so many lanes, each with one operation at a time, at a pace. A failure is counted and ends nothing.

import { setTimeout as sleep } from "node:timers/promises";
import { toRaftctlError } from "../../../base/errors.ts";
import type { LoadClock } from "./load-clock.ts";
import type { Pace } from "./pace.ts";
import type { OperationKind, Tally } from "./tally.ts";

export interface LoadRun {
  readonly lanes: number;
  readonly clock: LoadClock;
  readonly pace: Pace;
  readonly tally: Tally;
  readonly choose: () => OperationKind;
  readonly operate: (lane: number, kind: OperationKind) => Promise<unknown>;
}

/** Resolves when the pace has nothing more to send and every operation has ended. */
export async function runLoad(run: LoadRun): Promise<void> {
  await Promise.all(Array.from({ length: run.lanes }, (_, lane) => runLane(run, lane)));
}

async function runLane({ clock, pace, tally, choose, operate }: LoadRun, lane: number): Promise<void> {
  for (let intendedMs = await pace.next(); intendedMs !== undefined; intendedMs = await pace.next()) {
    const kind = choose();
    tally.sendDelay.record(clock.now() - intendedMs);
    try {
      await operate(lane, kind);
      tally.answered(kind, intendedMs, clock.now());
    } catch (thrown) {
      tally.refused(toRaftctlError(thrown));
      if (pace.pauseMs > 0) await sleep(pace.pauseMs);
    }
  }
}

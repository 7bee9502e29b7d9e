// One node of the simulated cluster: a disk and a store that survive, and one process after the other that runs the production code on them. A
// process starts as the daemon starts it, ends at once when it crashes, and is never stopped in an orderly way but when it is told to.

import { AssertionFailure } from "../../../src/base/assert.ts";
import { toRaftctlError } from "../../../src/base/errors.ts";
import { globalRegion, type NodeId } from "../../../src/base/ids.ts";
import type { Prng } from "../../../src/base/prng.ts";
import type { Membership } from "../../../src/raft/membership.ts";
import { SimDisk } from "../disk/sim-disk.ts";
import type { ClockConditions } from "../kernel/life-clock.ts";
import { ProcessLife } from "../kernel/process-life.ts";
import { Violation } from "../properties/property.ts";
import { SimStore } from "../store/sim-store.ts";
import type { Home } from "./home.ts";
import { startProcess, type Process } from "./process.ts";
import type { Surroundings } from "./surroundings.ts";

export type CrashKind = "kill" | "powerLoss";

export interface SimNodeOptions {
  readonly prng: Prng;
  readonly clock: ClockConditions;
  readonly founder: boolean;
  readonly masterEligible: boolean;
  readonly afterKill: "written back" | "cached";
}

export class SimNode implements Home {
  readonly number: number;
  readonly id: NodeId;
  readonly name: string;
  readonly disk: SimDisk;
  readonly store: SimStore;
  readonly clock: ClockConditions;
  readonly incarnation = 1;
  /** Whether its next process is willing to lead. */
  masterEligible: boolean;
  /** Its clients' port: another one after a restart has to be announced. */
  clientPort = 2;
  readonly founder: boolean;
  /** A byte of its disk was changed behind its back: it may refuse to start, and then it is replaced. */
  damaged = false;
  /** Its disk was full at some time. */
  wasFull = false;
  restoreMs: number | undefined;
  stateIsWrong = false;
  /** It will be replaced soon, whatever happens: nothing relies on it any more. */
  doomed = false;
  /** The machine is gone for good. */
  destroyed = false;
  readonly #world: Surroundings;
  #boots = 0;
  #life: ProcessLife | undefined;
  #process: Process | undefined;
  #remembered: readonly Membership[] = [];

  constructor(number: number, world: Surroundings, options: SimNodeOptions) {
    this.number = number;
    this.id = String(number) as NodeId;
    this.name = `n${number}`;
    this.#world = world;
    this.clock = options.clock;
    this.founder = options.founder;
    this.masterEligible = options.masterEligible;
    this.disk = new SimDisk({ prng: options.prng, crc32: world.crc32, region: globalRegion, afterKill: options.afterKill });
    this.store = new SimStore();
  }

  /** Its disk cannot be counted on. */
  get unsound(): boolean {
    return this.damaged || this.doomed || this.destroyed;
  }

  get boots(): number {
    return this.#boots;
  }

  /** There is a process, possibly still recovering. */
  get up(): boolean {
    return this.#life !== undefined;
  }

  get life(): ProcessLife | undefined {
    return this.#life;
  }

  /** Serving. */
  get process(): Process | undefined {
    return this.#process;
  }

  /** The newest that it holds and the newest that it knows to be committed, or held when it went down. */
  get memberships(): readonly Membership[] {
    const core = this.#process?.raft.core;
    if (core === undefined) return this.destroyed ? [] : this.#remembered;
    return [core.membership, core.membershipAt(Math.max(core.commitIndex, core.snapshotIndex))];
  }

  start(): void {
    if (this.#life !== undefined || this.destroyed) return;
    this.#boots += 1;
    const life = new ProcessLife(this.name, this.#boots, this.#world.scheduler, {
      touched: () => this.#world.touched(),
      passed: (point) => this.#world.passed(point),
    });
    this.#life = life;
    this.#world.trace.record(this.name, "start", `boot ${this.#boots}`);
    startProcess(this, life, this.#world).then(
      (process) => this.#started(life, process),
      (error: unknown) => life.alive && this.#failed(error),
    );
  }

  crash(kind: CrashKind, reason: string): void {
    const life = this.#life;
    if (life === undefined) return;
    const process = this.#process;
    if (process !== undefined) this.#world.guard(() => this.#world.watch.dying(process.view));
    life.end();
    this.#remembered = this.memberships;
    this.#life = undefined;
    this.#process = undefined;
    this.#world.trace.record(this.name, "crash", `${kind === "kill" ? "killed" : "power lost"}: ${reason}`);
    this.#world.guard(() => {
      // Before the disk takes its choice: what was durable at this moment must be there.
      this.#world.watch.crashed(this.name);
      if (kind === "kill") this.#world.watch.killed(this.name);
    });
    this.disk.crash(kind);
    this.store.crash(kind);
    this.#world.network.gone(life, kind === "kill");
  }

  destroy(): void {
    this.destroyed = true;
    this.crash("powerLoss", "the machine is gone");
  }

  /** Faults have stopped: it runs, and nothing is slow any more. */
  heal(): void {
    const { conditions } = this.disk;
    this.stateIsWrong = false;
    this.restoreMs = undefined;
    conditions.durableMs = () => 0.1;
    conditions.otherMs = () => 0;
    conditions.freeBytes = Number.MAX_SAFE_INTEGER;
    conditions.failNext = undefined;
    conditions.stalledUntil = 0;
    if (this.#life?.paused === true) this.#life.resume();
    this.start();
  }

  fatal(life: ProcessLife, error: Error): void {
    if (!life.alive) return;
    this.#failed(error);
  }

  #started(life: ProcessLife, process: Process): void {
    if (!life.alive) return;
    this.#process = process;
    this.#world.trace.record(this.name, "serving", `term ${process.raft.core.currentTerm}, log ${process.raft.core.snapshotIndex + 1} to ${process.raft.core.lastIndex}, applied ${process.raft.core.lastApplied}`);
    this.#world.guard(() => this.#world.watch.booted(process.view));
  }

  /** The process ends itself. The world's faults explain it, or it is a bug. */
  #failed(thrown: unknown): void {
    const { code, message } = toRaftctlError(thrown);
    this.#world.trace.record(this.name, "fatal", `${code}: ${message}`);
    if (!this.#explained(thrown, code)) {
      this.#world.fail(new Violation(thrown instanceof AssertionFailure ? "Assertion" : "No Unexplained Failure", `${this.name} stopped: ${code}: ${message}${stackOf(thrown)}`));
    }
    this.crash("kill", `stopped itself with ${code}`);
    if (code === "CORRUPT") this.#world.ruined();
    // As a supervisor does.
    else this.#world.scheduler.at(this.#world.scheduler.now + this.#world.knobs.electionTimeout, () => this.start());
  }

  #explained(thrown: unknown, code: string): boolean {
    if (thrown instanceof AssertionFailure) return false;
    if (code === "IO_ERROR") return this.disk.failuresInjected > 0;
    // A node that runs goes on without space; one that starts may need some (H45).
    if (code === "NO_SPACE") return this.wasFull && this.#process === undefined;
    return code === "CORRUPT" && this.damaged;
  }
}

function stackOf(thrown: unknown): string {
  return thrown instanceof Error && thrown.stack !== undefined ? `\n${thrown.stack}` : "";
}

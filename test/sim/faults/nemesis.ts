// Whoever strikes: the hands with which one fault takes hold of the world. It never does more than the cluster promises to survive: machines may crash all at
// once and come back, but disks are lost only as long as every quorum keeps one that was not.

import type { Prng } from "../../../src/base/prng.ts";
import type { Links } from "../network/links.ts";
import type { Operator } from "../world/operator.ts";
import type { CrashKind, SimNode } from "../world/sim-node.ts";
import type { Stage } from "../world/stage.ts";
import { Trigger, type TriggerOptions, type Triggers } from "./trigger.ts";

export interface Struck {
  readonly stage: Stage;
  readonly links: Links;
  readonly operator: Operator;
  /** One more of this kind has struck. */
  count(kind: string): void;
  /** This node's disk may be lost without losing what was acknowledged. */
  mayLoseDisk(node: SimNode): boolean;
}

export class Nemesis {
  readonly world: Struck;
  /** Of this fault alone, so that leaving out another one does not change whom it strikes. */
  readonly prng: Prng;
  readonly #triggers: Triggers;

  constructor(world: Struck, triggers: Triggers, prng: Prng) {
    this.world = world;
    this.prng = prng;
    this.#triggers = triggers;
  }

  /** Machines that exist. */
  get nodes(): readonly SimNode[] {
    return this.world.stage.nodes.filter((node) => !node.destroyed);
  }

  get electionTimeout(): number {
    return this.world.stage.electionTimeout;
  }

  trace(what: string, details: string): void {
    this.world.stage.trace("fault", what, details);
  }

  after(ms: number, call: () => void): void {
    this.world.stage.at(ms, () => {
      if (!this.world.stage.healed) call();
    });
  }

  // ── whom ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  anybody(): SimNode | undefined {
    const nodes = this.nodes.filter((node) => node.up);
    return nodes[this.prng.integer(0, nodes.length - 1)];
  }

  leader(): SimNode | undefined {
    return this.world.stage.leader();
  }

  /** The leader half of the time, as far as there is one. */
  victim(): SimNode | undefined {
    return (this.prng.chance(0.5) ? this.leader() : undefined) ?? this.anybody();
  }

  // ── what ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Down, and up again after a while. */
  crash(node: SimNode, kind: CrashKind, downMs: number, reason: string): void {
    node.crash(kind, reason);
    this.world.count(kind === "kill" ? "kill" : "power loss");
    this.world.stage.at(downMs, () => {
      node.start();
    });
  }

  pause(node: SimNode, ms: number, reason: string): void {
    const { life } = node;
    if (life === undefined || life.paused) return;
    life.pause();
    this.world.count("pause");
    this.trace("pause", `${node.name} for ${ms.toFixed(0)} ms: ${reason}`);
    this.world.stage.at(ms, () => life.resume());
  }

  /** No message between these groups, as told by `hears`, for a while. */
  cut(hears: (from: SimNode, to: SimNode) => boolean, ms: number, text: string): void {
    const pairs: [string, string][] = [];
    for (const from of this.nodes) for (const to of this.nodes) if (from !== to && !hears(from, to)) pairs.push([from.name, to.name]);
    for (const [from, to] of pairs) this.world.links.cutOneWay(from, to);
    this.world.count("partition");
    this.trace("partition", text);
    this.after(ms, () => {
      for (const [from, to] of pairs) this.world.links.mendOneWay(from, to);
      this.trace("heal", text);
    });
  }

  /** Others take the space, and give it back after a while, also when the world has healed. */
  fillDisk(node: SimNode, bytesLeft: number, ms: number): void {
    const { conditions } = node.disk;
    const taken = conditions.freeBytes - bytesLeft;
    conditions.freeBytes = bytesLeft;
    node.wasFull = true;
    this.world.count("full disk");
    this.trace("full disk", `${node.name} has ${bytesLeft} bytes left for ${ms.toFixed(0)} ms`);
    this.world.stage.at(ms, () => (conditions.freeBytes += taken));
  }

  isolate(node: SimNode, ms: number, reason: string): void {
    this.cut((from, to) => from !== node && to !== node, ms, `${node.name} alone: ${reason}`);
  }

  // ── when ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The next time that this node, and no other, passes the point. */
  armAt(node: SimNode, point: string, strike: () => void): void {
    this.arm({ point, count: 1, strike: (passing) => (passing === node ? strike() : this.armAt(node, point, strike)) });
  }

  arm({ point, count, strike }: TriggerOptions): void {
    const counted = (node: SimNode, where: string): void => {
      this.world.count("triggered");
      strike(node, where);
    };
    this.#triggers.arm(new Trigger({ point, count, strike: counted }));
  }
}

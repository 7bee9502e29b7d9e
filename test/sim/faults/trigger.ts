// A fault that waits for a moment: it strikes when a process has passed a certain kind of point so many times. Random times hardly ever hit the moment
// between a vote and its answer; a trigger always does.

import type { RaftEvent } from "../../../src/raft/ready.ts";
import type { SimNode } from "../world/sim-node.ts";

export interface TriggerOptions {
  /** The beginning of the points that count. */
  readonly point: string;
  /** Strikes at this one, from 1. */
  readonly count: number;
  readonly strike: (node: SimNode, point: string) => void;
}

export class Trigger {
  readonly #options: TriggerOptions;
  #left: number;

  constructor(options: TriggerOptions) {
    this.#options = options;
    this.#left = options.count;
  }

  /** Whether this one is the one it has waited for. */
  passes(point: string): boolean {
    if (!point.startsWith(this.#options.point)) return false;
    this.#left -= 1;
    return this.#left <= 0;
  }

  strike(node: SimNode, point: string): void {
    this.#options.strike(node, point);
  }
}

/** All that wait. */
export class Triggers {
  readonly #armed: Trigger[] = [];

  arm(trigger: Trigger): void {
    this.#armed.push(trigger);
  }

  /** A process has reached a port, or its core has told something. */
  passed(node: SimNode, point: string): void {
    for (const trigger of this.#armed) {
      if (!trigger.passes(point)) continue;
      this.#armed.splice(this.#armed.indexOf(trigger), 1);
      return trigger.strike(node, point);
    }
  }

  observed(node: SimNode, event: RaftEvent): void {
    this.passed(node, event.kind === "roleChanged" ? `role.${event.role}` : `event.${event.kind}`);
  }

  disarm(): void {
    this.#armed.length = 0;
  }
}

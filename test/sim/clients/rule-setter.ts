// The operator of the rules: sets them, and deletes and sets them again while faults strike, at whoever leads, as the daemon does it for `raftctl rules set`.
// What comes of it he need not know: which rules hold is in the log.

import type { Prng } from "../../../src/base/prng.ts";
import { toRaftctlError } from "../../../src/base/errors.ts";
import { pick } from "../world/knobs.ts";
import type { Stage } from "../world/stage.ts";
import { onceRule, seatRule } from "./ruled-writers.ts";

export interface RuleSetterOptions {
  readonly stage: Stage;
  readonly prng: Prng;
  readonly isOver: () => boolean;
}

export class RuleSetter {
  readonly #options: RuleSetterOptions;

  constructor(options: RuleSetterOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { stage, prng, isOver } = this.#options;
    for (const rule of [seatRule, onceRule]) while (!isOver() && !(await this.#change(rule, true))) await stage.sleep(stage.electionTimeout / 4);
    while (!isOver()) {
      await stage.sleep(10 * prng.next() * stage.electionTimeout);
      await this.#change(pick(prng, [seatRule, onceRule]), prng.chance(0.7));
    }
  }

  /** Not awaited for longer than it may take: the process may die meanwhile. */
  #change(rule: typeof seatRule | typeof onceRule, isSet: boolean): Promise<boolean> {
    const { stage } = this.#options;
    const leader = stage.leader();
    const process = leader?.process;
    if (leader === undefined || process === undefined) return Promise.resolve(false);
    const timeoutMs = 4 * stage.electionTimeout;
    const text = `${isSet ? "set" : "delete"} the rule of ${rule.prefix} at ${leader.name}`;
    return new Promise((resolve) => {
      stage.at(timeoutMs + stage.electionTimeout, () => resolve(false));
      const ended = (outcome: string): void => {
        stage.trace("op", "rules", `${text}: ${outcome}`);
        resolve(outcome === "done");
      };
      process.life.give(() => {
        const change = isSet ? process.rules.set({ rule: JSON.stringify(rule), dryRun: false }, timeoutMs) : process.rules.delete({ prefix: rule.prefix, dryRun: false }, timeoutMs);
        change.then(() => ended("done"), (thrown: unknown) => ended(toRaftctlError(thrown).code));
      });
    });
  }
}

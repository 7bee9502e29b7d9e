// The operator who closes sessions of clients while they write, also those that have just sent something: any of those that the leader shows, through any node.

import type { Prng } from "../../../src/base/prng.ts";
import { globalRegion } from "../../../src/base/ids.ts";
import { decodeResult } from "../../../src/wire/command-result.ts";
import { encodeCommand } from "../../../src/wire/command.ts";
import { pick } from "../world/knobs.ts";
import { ask, type Exchange } from "./exchange.ts";

export interface CloserWorld extends Exchange {
  /** From one to the next at most, in election timeouts. */
  readonly pauseMax: number;
  /** None is closed any more. */
  readonly isOver: () => boolean;
}

const name = "closer";
const shownMax = 50;

export class SessionCloser {
  readonly #world: CloserWorld;
  readonly #prng: Prng;

  constructor(world: CloserWorld, prng: Prng) {
    this.#world = world;
    this.#prng = prng;
  }

  async run(): Promise<void> {
    const { stage, pauseMax, isOver } = this.#world;
    while (!isOver()) {
      await stage.sleep(this.#prng.next() * pauseMax * stage.electionTimeout);
      const shown = stage.leader()?.process?.machine.sessionPage(1n, shownMax).sessions ?? [];
      if (shown.length > 0) await this.#close(pick(this.#prng, shown).id);
    }
  }

  async #close(target: bigint): Promise<void> {
    const { stage } = this.#world;
    const node = pick(this.#prng, stage.nodes);
    const command = encodeCommand({ operation: "sessionClose", target });
    const request = { operation: "propose", region: globalRegion, waitFor: "applied", timeoutMs: 4 * stage.electionTimeout, command } as const;
    const reply = await ask(this.#world, name, node, { request, patienceMs: 3 * stage.electionTimeout });
    const told = reply.kind === "answer" && reply.response.operation === "propose" ? decodeResult(reply.response.result).status : reply.kind;
    stage.trace(name, "close", `asked ${node.name} to close session ${target}: ${reply.kind === "error" ? reply.error.code : told}`);
  }
}

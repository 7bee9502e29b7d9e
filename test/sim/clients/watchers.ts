// Watchers among the clients of the simulated cluster: each follows the keys of a prefix, asks one node after the other from where it has come to, and tells
// what it was told (properties/watch-completeness.ts). What a node has forgotten it skips, as who reads the keys again does. Messages to and from it take a
// while, and some are lost.

import type { Prng } from "../../../src/base/prng.ts";
import { prefixEnd } from "../../../src/client/key-range.ts";
import { utf8 } from "../../../src/base/bytes.ts";
import { toRaftctlError, type RaftctlError } from "../../../src/base/errors.ts";
import { globalRegion } from "../../../src/base/ids.ts";
import type { ClientRequest, WatchResponse } from "../../../src/wire/client-protocol.ts";
import type { WatchView } from "../properties/property.ts";
import type { SimNode } from "../world/sim-node.ts";
import { pick } from "../world/knobs.ts";
import type { Stage } from "../world/stage.ts";

export interface WatchersOptions {
  readonly stage: Stage;
  readonly prng: Prng;
  readonly told: (view: WatchView) => void;
  readonly fail: (thrown: unknown) => void;
}

const watchersMax = 3;
const loss = 0.03;
const prefixes = ["", "k", "k0", "k1.", "k2"];

export class Watchers {
  readonly #options: WatchersOptions;
  readonly #watchers: Watcher[] = [];

  constructor(options: WatchersOptions) {
    this.#options = options;
  }

  /** Half of the seeds have none. */
  begin(): void {
    const { prng, fail } = this.#options;
    if (prng.chance(0.5)) return;
    const count = prng.integer(1, watchersMax);
    for (let number = 1; number <= count; number += 1) this.#watchers.push(new Watcher(`w${number}`, this.#options));
    for (const watcher of this.#watchers) void watcher.follow().catch(fail);
  }

  /** Nothing happens any more: each is told the rest. */
  async finish(): Promise<void> {
    for (const watcher of this.#watchers) await watcher.finish();
  }
}

class Watcher {
  readonly #name: string;
  readonly #options: WatchersOptions;
  readonly #prefix: string;
  readonly #eventsMax: number;
  #next = 1;
  #target: number;
  #isFinishing = false;

  constructor(name: string, options: WatchersOptions) {
    this.#name = name;
    this.#options = options;
    this.#prefix = pick(options.prng, prefixes);
    this.#eventsMax = pick(options.prng, [1, 3, 1_000]);
    this.#target = options.prng.integer(0, 1_000);
  }

  async follow(): Promise<void> {
    const { stage, prng } = this.#options;
    while (!this.#isFinishing) {
      await this.#ask(stage.electionTimeout * pick(prng, [0, 0.5, 3]));
      if (prng.chance(0.2)) this.#target += 1;
      await stage.sleep(prng.next() * stage.electionTimeout * pick(prng, [0.01, 0.1, 2]));
    }
  }

  async finish(): Promise<void> {
    this.#isFinishing = true;
    const { stage } = this.#options;
    const end = stage.leader()?.process?.raft.core.lastApplied ?? 0;
    for (; this.#next <= end; this.#target += 1) await this.#ask(0);
  }

  async #ask(waitMs: number): Promise<void> {
    const { stage } = this.#options;
    const node = stage.nodes[this.#target % stage.nodes.length]!;
    const from = this.#next;
    const answer = await new Promise<WatchResponse | RaftctlError | undefined>((resolve) => {
      stage.at(waitMs + 2 * stage.electionTimeout, () => resolve(undefined));
      this.#send(node, this.#request(from, waitMs), resolve);
    });
    if (answer === undefined) this.#target += 1;
    else if (answer instanceof Error) this.#refused(node, answer);
    // One that was overtaken by the next question is not listened to any more.
    else if (from === this.#next) this.#take(node, answer);
  }

  #take(node: SimNode, { events, nextIndex }: WatchResponse): void {
    const { stage, told } = this.#options;
    if (events.length > 0) stage.trace(this.#name, "watch", `was told ${events.length} changes by ${node.name}, up to index ${nextIndex - 1}`);
    told({ watcher: this.#name, node: node.name, prefix: this.#prefix, from: this.#next, nextIndex, events });
    this.#next = nextIndex;
  }

  #refused(node: SimNode, error: RaftctlError): void {
    this.#target += 1;
    if (error.code !== "COMPACTED") return;
    const first = Number(error.details?.["firstRetained"]);
    this.#options.stage.trace(this.#name, "watch", `${node.name} has forgotten index ${this.#next}, goes on from ${first}`);
    this.#next = Math.max(this.#next, first);
  }

  #request(fromIndex: number, waitMs: number): ClientRequest {
    return {
      operation: "watch", region: globalRegion, start: utf8(this.#prefix), end: prefixEnd(utf8(this.#prefix)), fromIndex, waitMs: Math.ceil(waitMs), eventsMax: this.#eventsMax,
      bytesMax: 100_000, puts: true, deletes: true, keysOnly: false,
    };
  }

  #send(node: SimNode, request: ClientRequest, resolve: (answer: WatchResponse | RaftctlError | undefined) => void): void {
    const { stage, prng } = this.#options;
    const travel = (call: () => void): void => {
      const delay = prng.next() * stage.electionTimeout * 0.1;
      if (!prng.chance(loss)) stage.at(delay, call);
    };
    travel(() => {
      const { process } = node;
      if (process === undefined) return travel(() => resolve(undefined));
      const { life } = process;
      life.give(() => {
        Promise.resolve()
          .then(() => process.server.onRequest(request, this))
          .then((response) => life.alive && travel(() => resolve(response as WatchResponse)), (error: unknown) => life.alive && travel(() => resolve(toRaftctlError(error))));
      });
    });
  }
}

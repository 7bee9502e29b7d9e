// What goes wrong in a cluster, one thing after the other: the leader is killed and started again, stands still for longer than an election timeout, or is
// cut off, in one direction or in both, alone or with others. Each fault lasts until the cluster has reacted to it, and is mended before the next one.

import { setTimeout as sleep } from "node:timers/promises";
import type { Prng } from "../../../src/base/prng.ts";
import type { TestCluster } from "./cluster.ts";
import type { DaemonProcess } from "./daemon-process.ts";
import type { Links } from "./links.ts";
import { until } from "./until.ts";

export interface FaultOptions {
  readonly cluster: TestCluster;
  /** Those of the cluster. */
  readonly links: Links;
  readonly prng: Prng;
}

export const faultKinds = ["kill", "pause", "split", "deaf", "mute"] as const;
type Kind = (typeof faultKinds)[number];

const patience = { timeoutMs: 60_000 };

export class Faults {
  readonly counts: Record<Kind, number> = { kill: 0, pause: 0, split: 0, deaf: 0, mute: 0 };
  readonly #cluster: TestCluster;
  readonly #links: Links;
  readonly #prng: Prng;

  constructor({ cluster, links, prng }: FaultOptions) {
    this.#cluster = cluster;
    this.#links = links;
    this.#prng = prng;
  }

  get total(): number {
    return Object.values(this.counts).reduce((sum, count) => sum + count, 0);
  }

  /** So many, each kind as often as the others. */
  async strike(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      const kind = faultKinds[this.total % faultKinds.length]!;
      const leader = await this.#cluster.leader(patience);
      await this[kind](leader);
      this.counts[kind] += 1;
      await this.#cluster.waitUntilFollowersKeepUp(patience);
      await this.#pass(1000);
    }
  }

  async kill(leader: DaemonProcess): Promise<void> {
    await leader.kill9();
    await this.#successorOf(leader);
    await leader.start();
  }

  async pause(leader: DaemonProcess): Promise<void> {
    leader.pause();
    try {
      await this.#successorOf(leader);
      await this.#pass(600);
    } finally {
      leader.resume();
    }
  }

  /** The leader is on the side of the minority. */
  async split(leader: DaemonProcess): Promise<void> {
    const others = this.#othersThan(leader);
    const minority = [leader.name, ...others.slice(0, this.#prng.integer(0, Math.floor((others.length - 1) / 2)))];
    this.#links.split(minority, others.filter((name) => !minority.includes(name)));
    await this.#untilMended(() => this.#successorOf(leader));
  }

  /** The leader is heard, and hears nobody. */
  async deaf(leader: DaemonProcess): Promise<void> {
    this.#links.cut(this.#othersThan(leader), [leader.name]);
    await this.#untilMended(() => this.#successorOf(leader));
  }

  /** The leader hears the others, and nobody hears him. */
  async mute(leader: DaemonProcess): Promise<void> {
    this.#links.cut([leader.name], this.#othersThan(leader));
    await this.#untilMended(() => this.#successorOf(leader));
  }

  async #untilMended(reacted: () => Promise<void>): Promise<void> {
    try {
      await reacted();
      await this.#pass(600);
    } finally {
      this.#links.mend();
    }
  }

  #othersThan(leader: DaemonProcess): string[] {
    return this.#cluster.nodes.filter((node) => node !== leader).map((node) => node.name);
  }

  async #successorOf(leader: DaemonProcess): Promise<void> {
    await until(`a leader other than ${leader.name}`, async () => ((await this.#cluster.leader(patience)) === leader ? undefined : true), patience);
  }

  /** Up to so many ms, drawn: a fault may strike at any moment of what the cluster does. */
  async #pass(msMax: number): Promise<void> {
    await sleep(this.#prng.integer(0, msMax));
  }
}

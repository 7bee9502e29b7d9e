// Holders of leases while faults strike: each is granted a lease, attaches keys of its own, keeps it alive for a while through any node, and then revokes it or is
// heard of no more. What it was promised is told to the property; in the end it waits until its keys are gone, however long that takes.

import { utf8 } from "../../../src/base/bytes.ts";
import { globalRegion } from "../../../src/base/ids.ts";
import type { Prng } from "../../../src/base/prng.ts";
import type { ClientRequest, ClientResponse } from "../../../src/wire/client-protocol.ts";
import { decodeResult } from "../../../src/wire/command-result.ts";
import { encodeCommand, type Command } from "../../../src/wire/command.ts";
import type { LeasePromise } from "../properties/property.ts";
import { pick, type LeaseKnobs } from "../world/knobs.ts";
import { ask, type Exchange } from "./exchange.ts";
import { readRequest } from "./requests.ts";

export interface HolderWorld extends Exchange {
  readonly knobs: LeaseKnobs;
  /** No new lease is begun any more. */
  readonly isOver: () => boolean;
  kept(promise: LeasePromise): void;
}

interface Held {
  readonly lease: bigint;
  readonly ttlMs: number;
  readonly keys: string[];
}

const keysMax = 4;

export class LeaseHolder {
  readonly name: string;
  readonly #world: HolderWorld;
  readonly #prng: Prng;

  constructor(name: string, world: HolderWorld, prng: Prng) {
    this.name = name;
    this.#world = world;
    this.#prng = prng;
  }

  async run(): Promise<void> {
    const endings: Promise<void>[] = [];
    for (let number = 1; !this.#world.isOver(); number += 1) {
      const held = await this.#grant(number);
      if (held !== undefined) {
        await this.#hold(held);
        endings.push(this.#untilGone(held.keys[0]!));
      }
      await this.#sleep(0.5);
    }
    await Promise.all(endings);
  }

  async #grant(number: number): Promise<Held | undefined> {
    const { knobs, stage } = this.#world;
    const lease = BigInt(this.#prng.integer(1, 2 ** 50));
    const ttlMs = Math.ceil(pick(this.#prng, knobs.ttls) * stage.electionTimeout);
    const sentAt = stage.now;
    if ((await this.#write({ operation: "leaseGrant", lease, ttlMs })) !== "ok") return undefined;
    this.#world.kept({ lease, sentAt, ttlMs });
    return { lease, ttlMs, keys: Array.from({ length: this.#prng.integer(1, keysMax) }, (_, place) => `${this.name}.${number}.${place}`) };
  }

  async #hold(held: Held): Promise<void> {
    for (const key of held.keys) await this.#write({ operation: "put", key: utf8(key), value: utf8(this.name), wantPrevious: false, lease: held.lease });
    for (let times = this.#prng.integer(0, 8); times > 0 && !this.#world.isOver(); times -= 1) {
      await this.#world.stage.sleep(held.ttlMs * (0.05 + 0.7 * this.#prng.next()));
      if (!(await this.#keepAlive(held))) break;
    }
    if (this.#prng.chance(this.#world.knobs.revokeShare)) await this.#write({ operation: "leaseRevoke", lease: held.lease });
  }

  /** false: there is no such lease any more. */
  async #keepAlive({ lease, ttlMs }: Held): Promise<boolean> {
    const sentAt = this.#world.stage.now;
    const response = await this.#ask({ operation: "leaseKeepAlive", region: globalRegion, leases: [lease], timeoutMs: 4 * this.#world.stage.electionTimeout }, "keep-alive");
    if (response?.operation !== "leaseKeepAlive") return true;
    const isKept = response.remainingMs[0] !== undefined;
    if (isKept) this.#world.kept({ lease, sentAt, ttlMs });
    return isKept;
  }

  /** A put that was still on its way is refused by then, or goes with the lease. */
  async #untilGone(key: string): Promise<void> {
    for (;;) {
      const response = await this.#ask(readRequest(key, "linearizable", 4 * this.#world.stage.electionTimeout), "is it gone");
      if (response?.operation === "read" && response.records.length === 0) return;
      await this.#sleep(1);
    }
  }

  async #write(command: Command): Promise<string | undefined> {
    const response = await this.#ask({ operation: "propose", region: globalRegion, waitFor: "applied", timeoutMs: 4 * this.#world.stage.electionTimeout, command: encodeCommand(command) }, command.operation);
    return response?.operation === "propose" ? decodeResult(response.result).status : undefined;
  }

  /** Of any node, once; undefined when it failed, or nobody answered. */
  async #ask(request: ClientRequest, what: string): Promise<ClientResponse | undefined> {
    const { stage } = this.#world;
    const node = pick(this.#prng, stage.nodes);
    const reply = await ask(this.#world, this.name, node, { request, patienceMs: 3 * stage.electionTimeout });
    stage.trace(this.name, what, `asked ${node.name}, ${reply.kind === "error" ? reply.error.code : reply.kind}`);
    return reply.kind === "answer" ? reply.response : undefined;
  }

  #sleep(electionTimeouts: number): Promise<void> {
    return this.#world.stage.sleep(this.#prng.next() * electionTimeouts * this.#world.stage.electionTimeout);
  }
}

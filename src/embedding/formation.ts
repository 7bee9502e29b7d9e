// How nodes without a disk found a region, and why none of them can come back. A node that forgot its vote could give a second one in the same term, and
// one term would have two leaders (§5.2, §5.4.3: votes are durable). So whoever starts on volatile storage draws an incarnation that no earlier start
// had, and takes part (votes, campaigns, acknowledges) only after every other founder has welcomed it under that incarnation. A founder that takes part
// itself knows the incarnation of all, and refuses any other for as long as it lives.
//
// So of two incarnations of one id at most one takes part with any founder that lives. And because the region's number is made of the incarnations of all,
// two starts of one id are never members of the same region: founders that all begin again do not reach what is left of the old one, nor it them.
// A node that comes later draws an id that was never used (admission.ts).

import { utf8 } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { crc32 } from "../base/crc.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import { parseNodeId, parseRegionId, type NodeId, type RegionId } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import type { RaftClusterMember } from "../host/transport.ts";

export interface FormationOptions {
  readonly id: NodeId;
  /** This one is among them. */
  readonly founders: readonly NodeId[];
  /** Of this start, never the same twice. */
  readonly incarnation: string;
  readonly network: RaftClusterMember;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  readonly logger: Logger;
}

/** How one founder greets another, and how that is answered. */
export interface Greeting {
  readonly incarnation: string;
  /** All of them, ascending. */
  readonly founders: readonly string[];
}

export const greetingMethod = "greet";

const answerWithinMs = 1_000;
const repeatMs = 50;

export class Formation {
  readonly #options: FormationOptions;
  readonly #greeting: Greeting;
  /** Incarnations of the founders that were heard of. */
  readonly #met = new Map<NodeId, string>();
  #takesPart = false;
  #refused = false;

  constructor(options: FormationOptions) {
    this.#options = options;
    this.#greeting = { incarnation: options.incarnation, founders: options.founders.toSorted() };
  }

  /** Resolves with the region when all have welcomed this node. @throws INCARNATION_REFUSED, CONFIG_INVALID; CANCELLED when the signal says so */
  async gather(): Promise<RegionId> {
    const { id, founders, incarnation } = this.#options;
    await Promise.all(founders.filter((founder) => founder !== id).map((founder) => this.#greet(founder)));
    this.#takesPart = true;
    return regionOf(new Map([...this.#met, [id, incarnation]]));
  }

  /** Another node greets this one. @throws what it is refused with */
  greeted(from: NodeId | undefined, params: unknown): Greeting {
    const greeting = params as Greeting | null | undefined;
    if (from === undefined || typeof greeting?.incarnation !== "string" || !Array.isArray(greeting.founders)) throw new RaftctlError("BAD_REQUEST", "a greeting names its incarnation and the founders");
    this.#meet(from, greeting);
    return this.#greeting;
  }

  #meet(from: NodeId, { incarnation, founders }: Greeting): void {
    const expected = this.#greeting.founders;
    if (founders.join() !== expected.join()) {
      this.#options.logger.warn({ from, founders }, "a node greets with other founders than this one has, and is refused");
      throw new RaftctlError("CONFIG_INVALID", `node ${from} founds with ${founders.join(", ")}, node ${this.#options.id} with ${expected.join(", ")}`, {
        hint: "give every founder the same list; a node that comes later is started without one",
      });
    }
    const known = this.#met.get(from);
    if (this.#takesPart && known !== incarnation) throw forgotten(from);
    this.#met.set(from, incarnation);
  }

  async #greet(founder: NodeId): Promise<void> {
    const { network, signal } = this.#options;
    for (;;) {
      if (signal?.aborted === true) throw new RaftctlError("CANCELLED", `given up before founder ${founder} answered`, { cause: signal.reason });
      try {
        const { result } = await network.admin(founder, { type: "admin", hops: 0, method: greetingMethod, params: this.#greeting, timeoutMs: answerWithinMs }, { timeoutMs: answerWithinMs });
        return this.#welcomed(founder, result as Greeting);
      } catch (thrown) {
        const error = toRaftctlError(thrown);
        this.#refused ||= error.code === "INCARNATION_REFUSED" || error.code === "CONFIG_INVALID";
        if (this.#refused) throw error;
        await this.#pause();
      }
    }
  }

  #welcomed(founder: NodeId, { incarnation }: Greeting): void {
    // It may have begun again since it answered, and have said so.
    if (!this.#met.has(founder)) this.#met.set(founder, incarnation);
  }

  #pause(): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => void clock.at(clock.now() + repeatMs, resolve));
  }
}

/** Regions of different starts have different numbers, but for one pair in 2^32. */
function regionOf(incarnations: ReadonlyMap<NodeId, string>): RegionId {
  const text = [...incarnations].map(([id, incarnation]) => `${id}:${incarnation}`).toSorted().join(",");
  return parseRegionId(Math.max(2, crc32(utf8(text))));
}

function forgotten(id: NodeId): RaftctlError {
  return new RaftctlError("INCARNATION_REFUSED", `node ${id} was here before and has forgotten its votes and its log: it may not come back as the voter that it was`, {
    hint: "start it as a new node, with `join`, and remove the old member",
  });
}

/** @throws INVALID_ARGUMENT */
export function foundersOf(id: string, founders: readonly string[]): readonly NodeId[] {
  const ids = founders.map(parseNodeId);
  if (new Set(ids).size !== ids.length) throw new RaftctlError("INVALID_ARGUMENT", `a founder is named twice: ${founders.join(", ")}`);
  if (!ids.includes(parseNodeId(id))) throw new RaftctlError("INVALID_ARGUMENT", `node ${id} is not among the founders ${founders.join(", ")}`);
  return ids;
}

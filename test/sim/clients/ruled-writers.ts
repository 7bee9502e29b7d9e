// Writers of keys for which rules hold, while faults strike: seats that several of them want and only one key may name, and keys that may be made and never
// changed. Puts, deletes, ranges and transactions of theirs meet in the log before they are applied, which is where a rule is easily broken. What one is refused
// at the first attempt is told to the property: it is in no log.

import { utf8 } from "../../../src/base/bytes.ts";
import { globalRegion } from "../../../src/base/ids.ts";
import type { Prng } from "../../../src/base/prng.ts";
import { isAmbiguous } from "../../../src/client/ambiguity.ts";
import { Session } from "../../../src/client/session.ts";
import { decodeResult } from "../../../src/wire/command-result.ts";
import { encodeCommand, type Command } from "../../../src/wire/command.ts";
import { encodeTxn, type TxnStep } from "../../../src/wire/txn.ts";
import { pick, type RuleKnobs } from "../world/knobs.ts";
import { ask, type Exchange, type Reply } from "./exchange.ts";

export const seatRule = { prefix: "seat/", unique: ["/seat"] } as const;
export const onceRule = { prefix: "once/", immutable: true } as const;

export interface RuledWorld extends Exchange {
  readonly knobs: RuleKnobs;
  readonly isOver: () => boolean;
  /** What was to be written was refused before it entered a log. */
  refused(value: string): void;
}

interface RuledWrite {
  readonly text: string;
  readonly command: Exclude<Command, { operation: "settle" }>;
  /** Values that nobody else ever writes. */
  readonly values: readonly string[];
}

const attemptsMax = 4;

export class RuledWriter {
  readonly name: string;
  readonly #world: RuledWorld;
  readonly #prng: Prng;
  #session: Session;

  constructor(name: string, world: RuledWorld, prng: Prng) {
    this.name = name;
    this.#world = world;
    this.#prng = prng;
    this.#session = this.#newSession();
  }

  async run(): Promise<void> {
    const { stage, knobs, isOver } = this.#world;
    for (let number = 1; !isOver(); number += 1) {
      await this.#perform(this.#draw(`${this.name}.${number}`));
      await stage.sleep(this.#prng.next() * knobs.pauseMax * stage.electionTimeout);
    }
  }

  #draw(by: string): RuledWrite {
    const chance = this.#prng.next();
    const key = `seat/${this.name}/${this.#prng.integer(1, 2)}`;
    const value = JSON.stringify({ seat: this.#prng.integer(1, this.#world.knobs.seats), by });
    if (chance < 0.4) return { text: `put ${key} ${value}`, command: putOf(key, value), values: [value] };
    if (chance < 0.55) return { text: `delete ${key}`, command: { operation: "delete", key: utf8(key), wantPrevious: false }, values: [] };
    if (chance < 0.62) return { text: "delete all seats of its own", command: { operation: "deleteRange", start: utf8(`seat/${this.name}/`), end: utf8(`seat/${this.name}0`) }, values: [] };
    if (chance < 0.8) return this.#drawMove(by);
    const once = `once/${this.#prng.integer(1, 3)}`;
    if (chance < 0.94) return { text: `put ${once} ${by}`, command: putOf(once, by), values: [by] };
    return { text: `delete ${once}`, command: { operation: "delete", key: utf8(once), wantPrevious: false }, values: [] };
  }

  /** With one key to the seat that the other has, if it has one; else to another seat. */
  #drawMove(by: string): RuledWrite {
    const [from, to] = this.#prng.chance(0.5) ? ["1", "2"] : ["2", "1"];
    const keys = { from: utf8(`seat/${this.name}/${from}`), to: `seat/${this.name}/${to}` };
    const value = JSON.stringify({ seat: this.#prng.integer(1, this.#world.knobs.seats), by });
    const put: TxnStep = { operation: "put", key: utf8(keys.to), value: utf8(value), wantPrevious: false };
    const body = encodeTxn({ compare: [{ key: keys.from, relation: "greater", target: "version", number: 0 }], then: [{ operation: "delete", key: keys.from, wantPrevious: false }, put], else: [put] });
    return { text: `move to ${keys.to} ${value}`, command: { operation: "txn", body }, values: [value] };
  }

  async #perform({ text, command, values }: RuledWrite): Promise<void> {
    const { stage, refused } = this.#world;
    const isStamped = this.#prng.chance(0.5);
    const session = isStamped ? this.#session.nextStamp(stage.leader()?.process?.raft.core.commitIndex ?? 0) : undefined;
    const request = { operation: "propose", region: globalRegion, waitFor: "applied", timeoutMs: 4 * stage.electionTimeout, command: encodeCommand({ ...command, session }) } as const;
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      const node = pick(this.#prng, stage.nodes);
      const reply = await ask(this.#world, this.name, node, { request, patienceMs: 6 * stage.electionTimeout });
      stage.trace(this.name, "rules", `${text}: asked ${node.name}, ${toldBy(reply)}`);
      if (reply.kind === "answer") return this.#executed(reply);
      // A refusal of a repetition says nothing of the attempts before it.
      if (attempt === 1 && reply.kind === "error" && reply.error.code === "REJECTED") for (const value of values) refused(value);
      const isOpen = reply.kind === "silence" || isAmbiguous(reply.error);
      if (!isOpen || !isStamped) break;
      await stage.sleep((this.#prng.next() * stage.electionTimeout) / 2);
    }
    if (isStamped) this.#session = this.#newSession();
  }

  #executed(reply: Reply & { kind: "answer" }): void {
    const { status } = reply.response.operation === "propose" ? decodeResult(reply.response.result) : { status: "invalid" };
    if (status === "sessionExpired" || status === "sequenceAhead") this.#session = this.#newSession();
  }

  #newSession(): Session {
    return new Session(BigInt(this.#prng.integer(2 ** 41, 2 ** 42)));
  }
}

function putOf(key: string, value: string): RuledWrite["command"] {
  return { operation: "put", key: utf8(key), value: utf8(value), wantPrevious: false };
}

function toldBy(reply: Reply): string {
  return reply.kind === "error" ? `${reply.error.code} ${reply.error.message}` : reply.kind;
}

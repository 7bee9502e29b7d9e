// One client of the simulated cluster. It asks one node after the other until it has an answer, repeats what it stamped as the production client does,
// records honestly what it was told, and checks nothing itself. It is outside of the cluster: no fault strikes it but the links to the nodes.

import type { Prng } from "../../../src/base/prng.ts";
import type { Call, History, KeyOperation } from "../../../src/cli/check/history.ts";
import { isAmbiguous } from "../../../src/client/ambiguity.ts";
import { Session } from "../../../src/client/session.ts";
import type { SessionStamp } from "../../../src/wire/command.ts";
import type { ClientResponse } from "../../../src/wire/client-protocol.ts";
import type { ClientAnswer } from "../properties/property.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { ClientKnobs } from "../world/knobs.ts";
import { ask, type Exchange, type Reply } from "./exchange.ts";
import { outputOf, readRequest, requestOf, settledOutput, settleRequest, type TimedRequest } from "./requests.ts";
import type { Step, Workload } from "./workload.ts";

export interface ClientWorld extends Exchange {
  readonly knobs: ClientKnobs;
  /** Of reads that are not stale. */
  readonly leaseReadShare: number;
  readonly workload: Workload;
  readonly history: History;
  answered(answer: ClientAnswer): void;
}

const attemptsMax = 6;
/** Of the first time limit. */
const patienceMax = 16;

export class SimClient {
  readonly name: string;
  readonly #world: ClientWorld;
  readonly #prng: Prng;
  readonly #sticky: boolean;
  #session: Session | undefined;
  #target: number;
  /** The highest index that an answer has told. */
  #heard = 0;

  constructor(name: string, world: ClientWorld, prng: Prng) {
    this.name = name;
    this.#world = world;
    this.#prng = prng;
    if (prng.chance(world.knobs.sessionShare)) this.#session = this.#newSession();
    this.#sticky = prng.chance(world.knobs.stickyShare);
    this.#target = prng.integer(0, 1_000);
  }

  async run(): Promise<void> {
    const { workload, knobs, stage: { electionTimeout } } = this.#world;
    while (!workload.exhausted) {
      await this.perform(workload.next(this.name));
      if (this.#prng.chance(knobs.staleShare)) await this.#readStale();
      await this.#world.stage.sleep(this.#prng.next() * knobs.pauseMax * electionTimeout);
    }
  }

  /** Returns when its outcome is known, or is known to stay unknown. */
  async perform(step: Step): Promise<void> {
    const { key, operation } = step;
    const recorded = this.#world.history.begin(this.name, key, operation);
    const options = this.#requestOptions(operation);
    const { stamp } = options;
    let request = requestOf(key, operation, options);
    const repeatable = operation.kind === "get" || this.#session !== undefined;
    let doubt = false;
    for (let attempt = 1; ; attempt += 1) {
      // As retrying clients must: a cluster that is slower than their patience would otherwise be kept busy by their repetitions alone. As long as
      // faults strike, impatience is one of them.
      const patience = this.#world.stage.healed ? Math.min(2 ** (attempt - 1), patienceMax) : 1;
      const reply = await this.#attempt(request, operation.kind, patience);
      if (reply.kind === "answer") return this.#answered(step, recorded, { response: reply.response, doubt });
      doubt ||= operation.kind !== "get" && (reply.kind === "silence" || isAmbiguous(reply.error));
      // It was told that lease reads are off there.
      if (reply.kind === "error" && reply.error.code === "INVALID_ARGUMENT") request = requestOf(key, operation, { ...options, consistency: "linearizable" });
      const givesUp = !this.#world.stage.healed && attempt >= attemptsMax;
      if (givesUp || (doubt && !repeatable)) return doubt && stamp !== undefined && this.#prng.chance(0.5) ? this.#settle(recorded, step, stamp) : this.#gaveUp(recorded, doubt, step);
      if (!this.#sticky || this.#world.stage.healed) this.#target += 1;
      await this.#world.stage.sleep((patience * this.#prng.next() * this.#world.stage.electionTimeout) / 2);
    }
  }

  #requestOptions(operation: KeyOperation) {
    const { knobs, leaseReadShare, stage: { electionTimeout } } = this.#world;
    return {
      consistency: operation.kind === "get" && leaseReadShare > 0 && this.#prng.chance(leaseReadShare) ? "lease" as const : "linearizable" as const,
      timeoutMs: 4 * electionTimeout,
      waitFor: this.#prng.chance(knobs.committedShare) ? "committed" as const : "applied" as const,
      stamp: operation.kind === "get" ? undefined : this.#session?.nextStamp(this.#reached()),
    };
  }

  /** As the production client: what an answer has told, and before the first one what whoever it dials says when he welcomes it. */
  #reached(): number {
    if (this.#heard > 0) return this.#heard;
    const { nodes } = this.#world.stage;
    return nodes[this.#target % nodes.length]!.process?.raft.core.commitIndex ?? 0;
  }

  #newSession(): Session {
    return new Session(BigInt(this.#prng.integer(1, 2 ** 40)));
  }

  #answered(step: Step, recorded: Call, { response, doubt }: { readonly response: ClientResponse; readonly doubt: boolean }): void {
    const { key, operation } = step;
    const output = outputOf(step, response);
    if (output === undefined) {
      this.#session = this.#newSession();
      // A number that was sent for the first time is refused: so nothing was done, and nothing will be.
      return doubt ? recorded.unknown() : recorded.failed();
    }
    if (operation.kind !== "get") this.#session?.executed();
    recorded.ok(output);
    if (operation.kind === "get") this.#world.workload.saw(key, output.value, output.version ?? 0);
  }

  #gaveUp(recorded: Call, doubt: boolean, { key, operation }: Step): void {
    this.#world.stage.trace(this.name, "gave up", `${operation.kind} ${key}: ${doubt ? "outcome unknown" : "not done"}`);
    if (doubt) recorded.unknown();
    else recorded.failed();
    // As the production client does: its fate may never be known, or its first command did not open it.
    if (operation.kind !== "get" && this.#session !== undefined && (doubt || !this.#session.isOpen)) this.#session = this.#newSession();
  }

  /** Asks what became of it, until somebody answers: what it is told then is the truth, whatever is still on its way. */
  async #settle(recorded: Call, step: Step, stamp: SessionStamp): Promise<void> {
    const request = settleRequest(stamp, 4 * this.#world.stage.electionTimeout);
    this.#session = this.#newSession();
    for (let attempt = 1; ; attempt += 1) {
      const reply = await this.#attempt(request, "put", Math.min(2 ** (attempt - 1), patienceMax));
      if (reply.kind === "answer") {
        const output = settledOutput(step, reply.response);
        this.#world.stage.trace(this.name, "settled", `${step.operation.kind} ${step.key}: ${output === undefined ? "the session is forgotten" : output === "not applied" ? output : "applied"}`);
        if (output === "not applied") return recorded.failed();
        return output === undefined ? recorded.unknown() : recorded.ok(output);
      }
      this.#target += 1;
      await this.#world.stage.sleep((this.#prng.next() * this.#world.stage.electionTimeout) / 2);
    }
  }

  async #readStale(): Promise<void> {
    await this.#attempt(readRequest(`k0.${this.#prng.integer(0, 1)}`, "stale", this.#world.stage.electionTimeout), "stale", 1);
  }

  async #attempt(request: TimedRequest, kind: KeyOperation["kind"] | "stale", patience: number): Promise<Reply> {
    const { nodes, electionTimeout } = this.#world.stage;
    const node = nodes[this.#target % nodes.length]!;
    const began = this.#world.stage.now;
    const reply = await ask(this.#world, this.name, node, { request: { ...request, timeoutMs: patience * request.timeoutMs }, patienceMs: 6 * patience * electionTimeout });
    if (reply.kind === "answer") this.#told(node, kind, reply);
    const told = reply.kind === "error" ? reply.error.code : reply.kind;
    this.#world.stage.trace(this.name, kind, `asked ${node.name}, ${told} after ${Math.round(this.#world.stage.now - began)} ms`);
    return reply;
  }

  #told(node: SimNode, kind: KeyOperation["kind"] | "stale", { response, boot }: Reply & { kind: "answer" }): void {
    if (response.operation === "admin" || response.operation === "leaseKeepAlive" || response.operation === "closeView") return;
    this.#heard = Math.max(this.#heard, response.index);
    const said = kind === "stale" ? "stale read" : kind === "get" ? "linearizable read" : "write";
    this.#world.answered({ client: this.name, node: node.name, boot, kind: said, index: response.index });
  }
}

// Nodes that form a cluster by the rules alone, with a network that loses, delays and cuts, and with crashes at every point where a disk or a message
// may be cut off from the other. All chance comes from one seed. A vote is written before it is told; what was not written is forgotten.

import type { ClusterId, NodeId } from "../../../src/base/ids.ts";
import { Prng } from "../../../src/base/prng.ts";
import { nextStep, voteWhenAsked, type Finding, type FormingSelf } from "../../../src/daemon/formation/rules.ts";

export interface ScheduleOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly expect: number;
}

interface Round {
  readonly waiting: number[];
  readonly findings: Finding[];
  /** As it was when the questions left: they may arrive late. */
  readonly vote: NodeId | undefined;
}

interface Node {
  readonly id: NodeId;
  readonly address: string;
  up: boolean;
  /** On the disk. */
  vote: NodeId | undefined;
  cluster: ClusterId | undefined;
  /** Not on the disk. */
  round: Round | undefined;
  found: number;
}

export class Schedule {
  readonly nodes: Node[];
  readonly founders: NodeId[] = [];
  /** How often a vote was given to another node than before. */
  moved = 0;
  readonly #expect: number;
  readonly #prng: Prng;
  /** Who cannot hear whom: "from to". */
  #cut = new Set<string>();

  constructor({ seed, nodes, expect }: ScheduleOptions) {
    this.#prng = new Prng(seed);
    this.#expect = expect;
    const ids = new Set<NodeId>();
    while (ids.size < nodes) ids.add(String(1 + this.#below(1_000)) as NodeId);
    this.nodes = [...ids].map((id, position) => ({ id, address: `h${position}:1`, up: false, vote: undefined, cluster: undefined, round: undefined, found: 1 }));
  }

  /** Anything may happen. */
  chaos(steps: number): void {
    for (let step = 0; step < steps; step += 1) {
      const node = this.#any();
      const dice = this.#below(100);
      if (dice < 4) this.#crash(node);
      else if (dice < 10) node.up = true;
      else if (dice < 13) this.#cutNetwork();
      else if (node.up) this.#advance(node, 15);
    }
  }

  /** Everybody is up and hears everybody. @returns whether all belong to a cluster in the end */
  calm(steps: number): boolean {
    this.#cut.clear();
    for (const node of this.nodes) node.up = true;
    for (let step = 0; step < steps && !this.formed; step += 1) this.#advance(this.#any(), 0);
    return this.formed;
  }

  get formed(): boolean {
    return this.nodes.every(({ cluster }) => cluster !== undefined);
  }

  #below(limit: number): number {
    return this.#prng.nextU32() % limit;
  }

  #any(): Node {
    return this.nodes[this.#below(this.nodes.length)]!;
  }

  #crash(node: Node): void {
    node.up = false;
    node.round = undefined;
    node.found = 1;
  }

  /** Two halves, one deaf direction, or everything whole again. */
  #cutNetwork(): void {
    this.#cut = new Set();
    const dice = this.#below(3);
    const side = new Map(this.nodes.map((node) => [node, this.#below(2)]));
    for (const from of this.nodes) {
      for (const to of this.nodes) {
        const halves = dice === 0 && side.get(from) !== side.get(to);
        const deaf = dice === 1 && side.get(from) === 0 && side.get(to) === 1;
        if (halves || deaf) this.#cut.add(`${from.id} ${to.id}`);
      }
    }
  }

  /** One question of its round, or the step at the round's end. */
  #advance(node: Node, lossPercent: number): void {
    if (node.cluster !== undefined) return;
    node.round ??= { waiting: this.nodes.map((_, position) => position), findings: [], vote: node.vote };
    const { waiting, findings } = node.round;
    if (waiting.length === 0) {
      node.round = undefined;
      this.#step(node, findings);
      return;
    }
    const [position] = waiting.splice(this.#below(waiting.length), 1);
    findings.push(this.#ask(node, this.nodes[position!]!, lossPercent));
  }

  #ask(node: Node, other: Node, lossPercent: number): Finding {
    const { address } = other;
    if (other === node) return { address, kind: "self" };
    const silent: Finding = { address, kind: "silent", reason: "" };
    if (!other.up || this.#cut.has(`${node.id} ${other.id}`) || this.#below(100) < lossPercent) return silent;
    const vote = other.cluster === undefined ? voteWhenAsked(this.#self(other), { nodeId: node.id, vote: node.round?.vote, found: node.found }) : undefined;
    if (vote !== undefined) this.#give(other, vote);
    // The answer may be lost, and the node may die with its vote on the disk and its answer unsent.
    if (this.#cut.has(`${other.id} ${node.id}`) || this.#below(100) < lossPercent) return silent;
    if (other.cluster !== undefined) return { address, kind: "member", name: other.address, cluster: { id: other.cluster, incarnation: 1 } };
    return { address, kind: "forming", nodeId: other.id, name: other.address, vote: other.vote };
  }

  #step(node: Node, findings: readonly Finding[]): void {
    node.found = findings.filter(({ kind }) => kind === "forming").length + 1;
    const step = nextStep(this.#self(node), findings);
    // It dies before the disk has it.
    if (this.#below(100) < 3 && step.kind !== "wait") return;
    if (step.kind === "vote") this.#give(node, step.candidate);
    if (step.kind === "join") node.cluster = step.cluster.id;
    if (step.kind !== "found") return;
    node.cluster = `cluster of ${node.id}` as ClusterId;
    this.founders.push(node.id);
  }

  #give(node: Node, vote: NodeId): void {
    if (node.vote !== undefined && node.vote !== vote) this.moved += 1;
    node.vote = vote;
  }

  #self({ id, vote }: Node): FormingSelf {
    return { nodeId: id, expect: this.#expect, vote, join: "auto" };
  }
}

// Random short lives of a cluster of cores, for what is said about its remains: links that are cut and lost messages, elections and crashes at any
// moment, membership changes. Notes what was committed, by anybody, ever. One seed draws everything.

import { parseClusterId } from "../../../src/base/ids.ts";
import { Prng } from "../../../src/base/prng.ts";
import type { MembershipAt, Survivor, TermRun } from "../../../src/daemon/recovery/survivor.ts";
import { entryTypes } from "../../../src/raft/entry.ts";
import { decodeMembership } from "../../../src/raft/membership-codec.ts";
import { emptyMembership, type MembershipChange } from "../../../src/raft/membership.ts";
import { Cluster } from "../../raft/harness/cluster.ts";
import { idOf, member, membershipOf, pristine, textOf } from "../../raft/harness/members.ts";
import type { Server } from "../../raft/harness/server.ts";

export const clusterId = parseClusterId("ab".repeat(16));

export class History {
  readonly cluster: Cluster;
  readonly voters: readonly string[];
  /** Index to term of everything that any server knew to be committed. */
  readonly committed = new Map<number, number>();
  readonly #prng: Prng;
  readonly #known = new Map<string, number>();

  constructor(seed: number, voters: number) {
    this.#prng = new Prng(seed);
    this.voters = Array.from({ length: voters }, (_, position) => `n${position + 1}`);
    const spare = `n${voters + 1}`;
    const founding = membershipOf({ voters: this.voters });
    this.cluster = new Cluster([...this.voters, spare], { initial: (name) => pristine(name === spare ? emptyMembership : founding) });
  }

  live(steps: number): void {
    this.cluster.advance(300);
    for (let step = 0; step < steps; step += 1) {
      this.#act();
      this.note();
    }
  }

  note(): void {
    for (const { name, node, up } of this.cluster.servers.values()) {
      if (!up) continue;
      for (let index = (this.#known.get(name) ?? 0) + 1; index <= node.commitIndex; index += 1) this.committed.set(index, node.termAt(index)!);
      this.#known.set(name, Math.max(this.#known.get(name) ?? 0, node.commitIndex));
    }
  }

  pick<T>(from: readonly T[]): T {
    return from[this.#prng.integer(0, from.length - 1)]!;
  }

  /** Half of the time those die first who know most, so that something is lost. */
  deathOrder(): string[] {
    const rest = [...this.voters];
    const order = this.voters.map(() => rest.splice(this.#prng.integer(0, rest.length - 1), 1)[0]!);
    const commitOf = (name: string): number => this.cluster.node(name).commitIndex;
    return this.#prng.chance(0.5) ? order : order.toSorted((left, right) => commitOf(right) - commitOf(left));
  }

  #act(): void {
    const { cluster } = this;
    const prng = this.#prng;
    const names = [...cluster.servers.keys()];
    const kind = prng.integer(0, 99);
    if (kind < 45) return void cluster.propose(this.pick(cluster.leaders.length > 0 ? cluster.leaders : names), `v${prng.integer(1, 9)}`);
    if (kind < 60) return cluster.advance(prng.integer(5, 250));
    if (kind < 70) return cluster.input(this.pick(names), { kind: "campaign" });
    if (kind < 78) return this.#partition(names);
    if (kind < 84) return cluster.heal();
    if (kind < 90) return this.#lose();
    if (kind < 96) return this.#crash(this.pick(names));
    cluster.ask(this.pick(cluster.leaders.length > 0 ? cluster.leaders : names), (ticket) => ({ kind: "changeMembership", ticket, change: this.#change() }));
  }

  #partition(names: readonly string[]): void {
    this.cluster.heal();
    const sides = new Map(names.map((name) => [name, this.#prng.chance(0.5)]));
    for (const left of names) for (const right of names) if (sides.get(left) !== sides.get(right)) this.cluster.cutOneWay(left, right);
  }

  #lose(): void {
    const loss = this.#prng.chance(0.5) ? 0 : this.#prng.next() * 0.5;
    this.cluster.drops = () => this.#prng.chance(loss);
  }

  #crash(name: string): void {
    const server = this.cluster.server(name);
    if (!server.up) return this.cluster.restart(name);
    this.cluster.crash(name);
    if (this.#prng.chance(0.7)) this.cluster.restart(name);
  }

  #change(): MembershipChange {
    const spare = `n${this.voters.length + 1}`;
    const kind = this.#prng.integer(0, 3);
    if (kind === 0) return { upsert: [member(spare)] };
    if (kind === 1) return { promote: [idOf(spare)] };
    if (kind === 2) return { demote: [idOf(this.pick(this.voters))] };
    return { promote: [idOf(this.pick(this.voters))] };
  }
}

/** What `recover collect` would read from its disk; with a snapshot somewhere in what is applied. */
export function survivorOf(server: Server, snapshotIndex = 0): Survivor {
  const { hardState, entries, snapshot, lastApplied } = server.disk;
  const commitIndex = Math.min(hardState.commitIndex, snapshot.index + entries.length);
  const begin = Math.min(snapshotIndex, commitIndex);
  const kept = entries.filter((entry) => entry.index > begin);
  const inForce = entries.findLast((entry) => entry.index <= begin && entry.type === entryTypes.membership);
  const base: MembershipAt = { index: begin, membership: inForce === undefined ? snapshot.membership : decodeMembership(inForce.data) };
  const later = kept.filter((entry) => entry.type === entryTypes.membership).map((entry) => ({ index: entry.index, membership: decodeMembership(entry.data) }));
  return {
    directory: `/data/${server.name}`, clusterId, clusterIncarnation: 1, nodeId: server.id, name: server.name, incarnation: 1,
    hardState: { ...hardState, commitIndex },
    appliedIndex: lastApplied,
    snapshot: { index: begin, term: begin === 0 ? 0 : entries[begin - 1]!.term },
    lastIndex: entries.at(-1)?.index ?? 0,
    terms: kept.reduce<TermRun[]>((runs, { index, term }) => (runs.at(-1)?.term === term ? runs : [...runs, { firstIndex: index, term }]), []),
    memberships: [base, ...later],
    tail: kept.filter((entry) => entry.index > commitIndex).map((entry) => ({ index: entry.index, term: entry.term, keys: [textOf(entry)] })),
  };
}

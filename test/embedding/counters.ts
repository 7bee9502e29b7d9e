// A replicated counter, and a few nodes of it in one process.

import { MemoryNetwork, Raft, type MemberNetwork, type Outcome, type RaftNodeOptions, type StateMachine } from "../../src/embedding/index.ts";
import { utf8, utf8Text } from "../../src/base/bytes.ts";
import { RaftctlError } from "../../src/base/errors.ts";
import { eventually } from "../platform/eventually.ts";

export interface Add { readonly add: number }
export interface TooLow { readonly code: "TOO_LOW"; readonly value: number; readonly asked: number }

/** The value never goes below zero. */
export class Counter implements StateMachine<Add, number, TooLow> {
  value = 0;

  apply({ add }: Add): Outcome<number, TooLow> {
    if (this.value + add < 0) return { refused: { code: "TOO_LOW", value: this.value, asked: add } };
    this.value += add;
    return { result: this.value };
  }

  snapshot(): Uint8Array {
    return utf8(String(this.value));
  }

  restore(snapshot: Uint8Array): void {
    this.value = Number(utf8Text(snapshot));
  }
}

export interface CounterNode {
  readonly raft: Raft<Add, number, TooLow>;
  readonly counter: Counter;
}

const timing = { electionTimeoutMs: 200, timeoutMs: 15_000 };

/** Counts the rare requests that were made, and loses what leaders answer when it is told to. */
class CountingNetwork extends MemoryNetwork {
  greetings = 0;
  answersToLose = 0;

  override connect(id: string): MemberNetwork {
    const member = super.connect(id);
    const forGroup: MemberNetwork["network"]["forGroup"] = (region) => {
      const calls = member.network.forGroup(region);
      const propose: typeof calls.propose = async (...call) => {
        const answer = await calls.propose(...call);
        if (this.answersToLose <= 0) return answer;
        this.answersToLose -= 1;
        throw new RaftctlError("CONNECTION_LOST", "the answer was lost", { details: { sent: true } });
      };
      return { ...calls, propose, admin: (...call) => ((this.greetings += 1), calls.admin(...call)) };
    };
    return { ...member, network: { forGroup } };
  }
}

export class Counters {
  readonly network = new CountingNetwork();
  readonly nodes: CounterNode[] = [];

  /** Founders 1 to `count`, with a leader. */
  static async founded(count = 3): Promise<Counters> {
    const counters = new Counters();
    const ids = Array.from({ length: count }, (_, position) => String(position + 1));
    await Promise.all(ids.map((id) => counters.found(id, ids)));
    await counters.nodes[0]!.raft.waitForLeader();
    return counters;
  }

  found(id: string, founders: readonly string[], extra: Partial<RaftNodeOptions<Add, number, TooLow>> = {}): Promise<CounterNode> {
    return this.#start((machine) => ({ id, founders, machine, network: (own) => this.network.connect(own), ...timing, ...extra }));
  }

  join(...contacts: readonly string[]): Promise<CounterNode> {
    return this.#start((machine) => ({ join: contacts, machine, network: (own) => this.network.connect(own), ...timing }));
  }

  get leader(): CounterNode {
    return this.nodes.findLast(({ raft }) => raft.isLeader)!;
  }

  get followers(): readonly CounterNode[] {
    return this.nodes.filter((node) => node !== this.leader);
  }

  node(id: string): CounterNode {
    return this.nodes.findLast(({ raft }) => raft.id === id)!;
  }

  /** Asks whoever leads until it is done: a change before it may be under way, and leadership may move. */
  async remove(id: string): Promise<void> {
    const leaving = this.node(id).raft.id;
    await eventually(async () => {
      await this.leader.raft.changeMembership({ remove: [leaving] }).catch(() => undefined);
      return this.leader.raft.membership.members.some((member) => member.id === leaving);
    }).toBe(false);
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map(({ raft }) => raft.stop()));
  }

  async #start(options: (machine: Counter) => RaftNodeOptions<Add, number, TooLow>): Promise<CounterNode> {
    const counter = new Counter();
    const node = { raft: await Raft.start(options(counter)), counter };
    this.nodes.push(node);
    return node;
  }
}

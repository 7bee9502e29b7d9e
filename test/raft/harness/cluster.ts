// Several servers on a network without delay, for tests that tell a story: every call ends when nothing is left to be delivered. Links can be cut
// one way or both, messages held back and let go, time moved on. The checker watches everything.

import { utf8 } from "../../../src/base/bytes.ts";
import type { Input } from "../../../src/raft/input.ts";
import type { Message } from "../../../src/raft/message.ts";
import type { InitialState, RaftOptions } from "../../../src/raft/options.ts";
import type { Answer, Envelope } from "../../../src/raft/ready.ts";
import { Checker } from "./checker.ts";
import { idOf, membershipOf, nameOf, optionsOf, pristine } from "./members.ts";
import { Server } from "./server.ts";

export interface Delivery {
  readonly from: string;
  readonly to: string;
  readonly message: Message;
}

export interface ClusterOptions {
  readonly initial?: (name: string) => InitialState;
  readonly options?: (name: string) => Partial<RaftOptions>;
}

export class Cluster {
  readonly servers = new Map<string, Server>();
  readonly checker: Checker;
  now = 0;
  queue: Delivery[] = [];
  /** Everything that was ever put on the network, also what was lost there. */
  readonly sent: Delivery[] = [];
  /** true: the message disappears. */
  drops: (delivery: Delivery) => boolean = () => false;
  /** true: the message waits in `held` instead. */
  holds: (delivery: Delivery) => boolean = () => false;
  held: Delivery[] = [];
  readonly #cut = new Set<string>();
  #ticket = 0;

  constructor(names: readonly string[], { initial, options }: ClusterOptions = {}) {
    const founding = membershipOf({ voters: names });
    for (const name of names) this.add(name, initial?.(name) ?? pristine(founding), options?.(name));
    this.checker = new Checker(this.servers);
  }

  add(name: string, initial: InitialState, changes: Partial<RaftOptions> = {}): Server {
    const server = new Server(
      optionsOf(name, changes),
      initial,
      {
        sent: (from, envelope) => this.#sent(from, envelope),
        stepped: (each) => this.checker.stepped(each),
        ready: (each, ready) => ready.events.forEach((event) => this.checker.event(each, event)),
        applied: (each, entry) => this.checker.applied(each, entry),
      },
      this.now,
    );
    this.servers.set(name, server);
    return server;
  }

  server(name: string): Server {
    const server = this.servers.get(name);
    if (server === undefined) throw new Error(`there is no server ${name}`);
    return server;
  }

  node(name: string): Server["node"] {
    return this.server(name).node;
  }

  get leaders(): string[] {
    return [...this.servers.values()].filter((server) => server.up && server.node.role === "leader").map((server) => server.name);
  }

  input(name: string, input: Input): void {
    this.server(name).step(input, this.now);
    this.settle();
  }

  /** Feeds a message as if `from` had sent it. */
  receive(name: string, from: string, message: Message): void {
    this.input(name, { kind: "message", from: idOf(from), message });
  }

  elect(name: string): void {
    this.input(name, { kind: "campaign" });
    if (this.node(name).role !== "leader") throw new Error(`${name} was not elected`);
  }

  /** @returns the ticket. */
  propose(name: string, text: string): number {
    return this.ask(name, (ticket) => ({ kind: "propose", ticket, data: utf8(text) }));
  }

  ask(name: string, build: (ticket: number) => Input): number {
    this.#ticket += 1;
    this.input(name, build(this.#ticket));
    return this.#ticket;
  }

  answersTo(name: string, ticket: number): Answer[] {
    return this.server(name).answers.filter((answer) => answer.ticket === ticket);
  }

  /** Delivers, oldest first, until nothing is on the network. */
  settle(): void {
    for (let count = 0; this.queue.length > 0; count += 1) {
      if (count > 100_000) throw new Error("the network never becomes quiet");
      this.#deliver(this.queue.shift()!);
    }
  }

  /** Lets go what was held. */
  release(which: (delivery: Delivery) => boolean = () => true): void {
    const released = this.held.filter(which);
    this.held = this.held.filter((delivery) => !which(delivery));
    for (const delivery of released) this.#deliver(delivery);
    this.settle();
  }

  /** Moves time on; whoever reaches a deadline ticks, in order of time. */
  advance(duration: number): void {
    const end = this.now + duration;
    for (;;) {
      const next = this.#nextDeadline();
      if (next === undefined || next.time > end) break;
      this.now = Math.max(this.now, next.time);
      this.input(next.server.name, { kind: "tick" });
    }
    this.now = end;
  }

  /** Moves time on until `done`. */
  advanceUntil(done: () => boolean, durationMax = 3000): number {
    const start = this.now;
    while (!done()) {
      if (this.now - start > durationMax) throw new Error(`not done after ${durationMax} ms`);
      this.advance(5);
    }
    return this.now - start;
  }

  cut(left: string, right: string): void {
    this.cutOneWay(left, right);
    this.cutOneWay(right, left);
  }

  cutOneWay(from: string, to: string): void {
    this.#cut.add(`${from}>${to}`);
  }

  isolate(name: string): void {
    for (const other of this.servers.keys()) if (other !== name) this.cut(name, other);
  }

  /** Only these links stay, both ways. */
  connectOnly(links: readonly (readonly [string, string])[]): void {
    for (const left of this.servers.keys()) for (const right of this.servers.keys()) if (left !== right) this.cutOneWay(left, right);
    for (const [left, right] of links) {
      this.#cut.delete(`${left}>${right}`);
      this.#cut.delete(`${right}>${left}`);
    }
  }

  heal(): void {
    this.#cut.clear();
  }

  crash(name: string, kept = 0): void {
    this.server(name).crash(kept);
    this.queue = this.queue.filter((delivery) => delivery.from !== name);
  }

  restart(name: string): void {
    const server = this.server(name);
    server.restart(this.now);
    this.checker.restarted(server);
    this.settle();
  }

  #nextDeadline(): { readonly time: number; readonly server: Server } | undefined {
    let best: { readonly time: number; readonly server: Server } | undefined;
    for (const server of this.servers.values()) {
      const time = server.node.deadline;
      if (server.up && time !== Number.POSITIVE_INFINITY && (best === undefined || time < best.time)) best = { time, server };
    }
    return best;
  }

  #sent(from: Server, { to, message }: Envelope): void {
    const delivery = { from: from.name, to: nameOf(to), message };
    this.sent.push(delivery);
    if (this.holds(delivery)) this.held.push(delivery);
    else this.queue.push(delivery);
  }

  #deliver(delivery: Delivery): void {
    const { from, to, message } = delivery;
    if (this.#cut.has(`${from}>${to}`) || this.drops(delivery)) return;
    const server = this.servers.get(to);
    if (server?.up === true) server.step({ kind: "message", from: idOf(from), message }, this.now);
  }
}

// A cluster of cores under random faults in virtual time: delay, loss, repetition, reordering, cuts one way and both, crashes that lose what was
// not durable, slow disks, slow state machines, membership changes, transfers, compaction. One seed draws everything; the checker watches
// safety at every step, and in the end the faults stop and the cluster must converge and serve.

import { utf8 } from "../../../src/base/bytes.ts";
import type { NodeId } from "../../../src/base/ids.ts";
import { Prng } from "../../../src/base/prng.ts";
import { describeMessage, describeStatus } from "../../../src/raft/describe.ts";
import type { Input } from "../../../src/raft/input.ts";
import { emptyMembership, isJoint } from "../../../src/raft/membership.ts";
import type { MembershipChange } from "../../../src/raft/membership.ts";
import type { Message } from "../../../src/raft/message.ts";
import type { Answer, Envelope, Ready, Transfer } from "../../../src/raft/ready.ts";
import { Checker } from "./checker.ts";
import { EventQueue } from "./event-queue.ts";
import { idOf, member, membershipOf, nameOf, optionsOf, pristine } from "./members.ts";
import { Server } from "./server.ts";

/** What one seed draws: some runs are calm in one respect and wild in another. */
interface Knobs {
  readonly voters: number;
  readonly spares: number;
  readonly delayMax: number;
  readonly loss: number;
  readonly repeat: number;
  readonly reportsLoss: number;
  readonly diskDelayMax: number;
  readonly applyDelayMax: number;
  readonly faultInterval: number;
  readonly compactEvery: number;
  readonly changes: boolean;
}

const faultyTime = 2500;
const calmTime = 3000;

export interface Outcome {
  readonly trace: number;
  readonly committed: number;
  readonly reads: number;
  readonly elections: number;
  readonly changes: number;
  readonly installs: number;
}

export class Simulation {
  readonly #prng: Prng;
  readonly #knobs: Knobs;
  readonly #queue = new EventQueue();
  readonly #servers = new Map<string, Server>();
  readonly #checker: Checker;
  readonly #epoch = new Map<string, number>();
  readonly #diskBusy = new Set<string>();
  readonly #cut = new Set<string>();
  readonly #readFloor = new Map<number, number>();
  readonly #transfersUnderWay = new Map<number, { leader: Server; to: NodeId; term: number }>();
  #faulty = true;
  #ticket = 0;
  #requestId = 2 ** 40;
  #trace = 17;
  #counts = { reads: 0, elections: 0, changes: 0, installs: 0 };
  readonly log: string[] | undefined;

  constructor(seed: number, records = false) {
    this.#prng = new Prng(seed);
    this.log = records ? [] : undefined;
    this.#knobs = drawKnobs(this.#prng);
    const names = Array.from({ length: this.#knobs.voters + this.#knobs.spares }, (_, position) => `n${position + 1}`);
    const founding = membershipOf({ voters: names.slice(0, this.#knobs.voters) });
    names.forEach((name, position) => this.#add(name, position < this.#knobs.voters ? founding : emptyMembership));
    this.#checker = new Checker(this.#servers);
  }

  run(): Outcome {
    for (const server of this.#servers.values()) this.#scheduleTick(server);
    this.#queue.after(10, () => this.#work());
    this.#queue.after(this.#knobs.faultInterval, () => this.#fault());
    this.#queue.runUntil(faultyTime);
    this.#stopFaults();
    this.#queue.runUntil(faultyTime + calmTime);
    this.#checker.logs();
    this.#mustHaveConverged();
    return { trace: this.#trace, committed: this.#checker.commitIndex, ...this.#counts };
  }

  #add(name: string, membership: ReturnType<typeof membershipOf>): void {
    const prng = this.#prng;
    const changes = {
      prng: new Prng(prng.nextU32()),
      appendsInFlightMax: prng.integer(1, 4),
      appendBytesMax: prng.integer(8, 200),
      applyBytesMax: prng.integer(8, 200),
      uncommittedBytesMax: prng.integer(200, 2000),
    };
    const server = new Server(optionsOf(name, changes), pristine(membership), {
      sent: (from, envelope) => this.#sent(from, envelope),
      stepped: (each) => this.#checker.stepped(each),
      ready: (each, ready) => this.#ready(each, ready),
      applied: (each, entry) => this.#checker.applied(each, entry),
    });
    server.diskHeld = true;
    server.applyHeld = true;
    server.installHeld = true;
    this.#servers.set(name, server);
    this.#epoch.set(name, 0);
  }

  #step(server: Server, input: Input): void {
    if (!server.up) return;
    this.#remember(`${this.#queue.now.toFixed(2)} ${server.name} ${describeInput(input)}`);
    server.step(input, this.#queue.now);
    this.#afterStep(server);
  }

  #afterStep(server: Server): void {
    for (const answer of server.takeAnswers()) this.#answered(server, answer);
    for (const transfer of server.transfers.splice(0)) this.#transfer(server, transfer);
    this.#scheduleTick(server);
  }

  #remember(line: string): void {
    for (let position = 0; position < line.length; position += 1) this.#trace = (Math.imul(this.#trace, 31) + line.charCodeAt(position)) | 0;
    this.log?.push(line);
  }

  #scheduleTick(server: Server): void {
    const { deadline } = server.node;
    if (deadline === Number.POSITIVE_INFINITY || !server.up) return;
    const epoch = this.#epoch.get(server.name);
    this.#queue.at(deadline, () => {
      const due = server.up && this.#epoch.get(server.name) === epoch && server.node.deadline <= this.#queue.now;
      if (due) this.#step(server, { kind: "tick" });
    });
  }

  #ready(server: Server, ready: Ready): void {
    for (const event of ready.events) {
      this.#checker.event(server, event);
      if (event.kind === "roleChanged" && event.role === "leader") this.#counts.elections += 1;
      if (event.kind === "peerRegressed") throw new Error(`${server.name} believes that ${nameOf(event.peer)} has lost its disk`);
    }
    if (ready.persist !== undefined) this.#persistLater(server);
    if (ready.committed.length > 0) this.#later(server, this.#prng.next() * this.#knobs.applyDelayMax, () => this.#apply(server));
    if (ready.install !== undefined) {
      this.#counts.installs += 1;
      this.#later(server, this.#prng.next() * 30, () => this.#install(server));
    }
  }

  #later(server: Server, delay: number, run: () => void): void {
    const epoch = this.#epoch.get(server.name);
    this.#queue.after(delay, () => {
      if (server.up && this.#epoch.get(server.name) === epoch) run();
    });
  }

  /** One write at a time, of everything that waits when it begins. */
  #persistLater(server: Server): void {
    if (this.#diskBusy.has(server.name)) return;
    this.#diskBusy.add(server.name);
    const slow = this.#faulty && this.#prng.chance(0.01) ? 150 : 0;
    this.#later(server, 0, () => {
      const count = server.batches.length;
      this.#later(server, slow + this.#prng.next() * this.#knobs.diskDelayMax, () => this.#persist(server, count));
    });
  }

  #persist(server: Server, count: number): void {
    this.#remember(`${this.#queue.now.toFixed(2)} ${server.name} disk`);
    this.#diskBusy.delete(server.name);
    server.persist(this.#queue.now, count);
    if (server.batches.length > 0) this.#persistLater(server);
    this.#afterStep(server);
  }

  #apply(server: Server): void {
    server.apply(this.#queue.now);
    const { node } = server;
    if (node.lastApplied - node.snapshotIndex >= this.#knobs.compactEvery) {
      server.compact(node.lastApplied - this.#prng.integer(0, 3), this.#queue.now);
    }
    this.#afterStep(server);
  }

  #install(server: Server): void {
    server.install(this.#queue.now);
    this.#afterStep(server);
  }

  #sent(from: Server, { to, message }: Envelope): void {
    const cut = this.#cut.has(`${from.name}>${nameOf(to)}`);
    const copies = cut || (this.#faulty && this.#prng.chance(this.#knobs.loss)) ? 0 : this.#faulty && this.#prng.chance(this.#knobs.repeat) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) this.#queue.after(this.#delay(), () => this.#deliver(from, to, message));
    if (copies === 0 && "leaderId" in message && this.#prng.chance(this.#knobs.reportsLoss)) {
      this.#later(from, 20, () => this.#step(from, { kind: "unreachable", peer: to, requestId: message.requestId }));
    }
  }

  #delay(): number {
    return this.#prng.next() * (this.#faulty ? this.#knobs.delayMax : 2);
  }

  #deliver(from: Server, to: NodeId, message: Message): void {
    const server = this.#servers.get(nameOf(to));
    if (server === undefined || this.#cut.has(`${from.name}>${server.name}`)) return;
    if (message.type === "installSnapshotResponse") this.#finishTransfer(message.requestId, message.matchIndex);
    this.#step(server, { kind: "message", from: from.id, message });
  }

  /** The host's part: moves the image, here in one piece, and reports how it ended. */
  #transfer(leader: Server, { to, term }: Transfer): void {
    this.#requestId += 1;
    const requestId = this.#requestId;
    const { snapshot } = leader.disk;
    this.#transfersUnderWay.set(requestId, { leader, to, term });
    const target = this.#servers.get(nameOf(to));
    const lost = this.#faulty && this.#prng.chance(0.2);
    if (!lost && target !== undefined) {
      this.#queue.after(this.#delay(), () => {
        if (!this.#cut.has(`${leader.name}>${target.name}`)) {
          this.#step(target, { kind: "snapshotReceived", from: leader.id, requestId, term, snapshot });
        }
      });
    }
    this.#queue.after(200, () => this.#finishTransfer(requestId, undefined));
  }

  #finishTransfer(requestId: number, index: number | undefined): void {
    const transfer = this.#transfersUnderWay.get(requestId);
    if (!this.#transfersUnderWay.delete(requestId) || transfer === undefined) return;
    this.#step(transfer.leader, { kind: "installFinished", peer: transfer.to, term: transfer.term, index });
  }

  #answered(server: Server, answer: Answer): void {
    const floor = this.#readFloor.get(answer.ticket);
    if (answer.kind === "membershipChanged") this.#counts.changes += 1;
    if (floor === undefined || (answer.kind !== "readable" && answer.kind !== "refused")) return;
    this.#readFloor.delete(answer.ticket);
    if (answer.kind !== "readable") return;
    this.#counts.reads += 1;
    if (answer.index < floor) throw new Error(`${server.name} answers a read with ${answer.index} when ${floor} was committed before it began`);
  }

  /** Clients and operators. */
  #work(): void {
    const prng = this.#prng;
    this.#queue.after(prng.integer(1, 15), () => this.#work());
    const server = this.#anyServer();
    this.#ticket += 1;
    const ticket = this.#ticket;
    const kind = prng.integer(0, 99);
    if (kind < 60) return this.#step(server, { kind: "propose", ticket, data: utf8(`v${ticket}`) });
    if (kind < 85) {
      this.#readFloor.set(ticket, this.#checker.commitIndex);
      return this.#step(server, { kind: "read", ticket });
    }
    if (!this.#faulty) return;
    if (kind < 88) return this.#step(server, { kind: "transferLeadership", ticket, target: prng.chance(0.5) ? undefined : this.#anyServer().id });
    if (this.#knobs.changes) this.#step(server, { kind: "changeMembership", ticket, change: this.#drawChange() });
  }

  #anyServer(): Server {
    const all = [...this.#servers.values()];
    const leaders = all.filter((server) => server.node.role === "leader");
    const from = leaders.length > 0 && this.#prng.chance(0.8) ? leaders : all;
    return from[this.#prng.integer(0, from.length - 1)]!;
  }

  #drawChange(): MembershipChange {
    const pick = (): string => `n${this.#prng.integer(1, this.#servers.size)}`;
    const [first, second] = [pick(), pick()];
    const kind = this.#prng.integer(0, 4);
    if (kind <= 1) return { upsert: [member(first)] };
    if (kind === 2) return { promote: [idOf(first)] };
    if (kind === 3) return { promote: [idOf(first)], remove: [idOf(second)] };
    return this.#prng.chance(0.5) ? { demote: [idOf(first)] } : { remove: [idOf(first)] };
  }

  #fault(): void {
    if (!this.#faulty) return;
    const prng = this.#prng;
    this.#queue.after(prng.next() * 2 * this.#knobs.faultInterval, () => this.#fault());
    const kind = prng.integer(0, 5);
    if (kind === 0) this.#cut.clear();
    else if (kind === 1) this.#partition();
    else if (kind === 2) this.#cutSome();
    else this.#crash();
  }

  #partition(): void {
    const sides = new Map([...this.#servers.keys()].map((name) => [name, this.#prng.chance(0.5)]));
    for (const [left, side] of sides) for (const [right, other] of sides) if (side !== other) this.#cut.add(`${left}>${right}`);
  }

  #cutSome(): void {
    for (const left of this.#servers.keys()) {
      for (const right of this.#servers.keys()) if (this.#prng.chance(0.3)) this.#cut.add(`${left}>${right}`);
    }
  }

  #crash(): void {
    const server = this.#anyServer();
    if (!server.up) return;
    this.#remember(`${this.#queue.now.toFixed(2)} ${server.name} crashes`);
    server.crash(this.#prng.integer(0, server.batches.length), this.#prng.chance(0.5));
    this.#epoch.set(server.name, this.#epoch.get(server.name)! + 1);
    this.#diskBusy.delete(server.name);
    this.#queue.after(this.#prng.next() * 300, () => this.#restart(server));
  }

  #restart(server: Server): void {
    if (server.up) return;
    this.#remember(`${this.#queue.now.toFixed(2)} ${server.name} restarts`);
    server.restart(this.#queue.now);
    this.#checker.restarted(server);
    this.#afterStep(server);
  }

  #stopFaults(): void {
    this.#faulty = false;
    this.#cut.clear();
    for (const server of this.#servers.values()) this.#restart(server);
    this.#checker.logs();
  }

  #mustHaveConverged(): void {
    const leaders = [...this.#servers.values()].filter((server) => server.node.role === "leader");
    const states = [...this.#servers.values()].map((server) => describeStatus(server.node.status(), nameOf)).join("; ");
    if (leaders.length !== 1) throw new Error(`${leaders.length} leaders after the faults stopped: ${states}`);
    const leader = leaders[0]!;
    const { node } = leader;
    if (isJoint(node.membership)) throw new Error(`${leader.name} never left its joint membership`);
    if (node.commitIndex < node.lastIndex - 20) throw new Error(`${leader.name} has committed ${node.commitIndex} of ${node.lastIndex}`);
    for (const { id } of node.membership.members) {
      const trails = node.commitIndex - this.#servers.get(nameOf(id))!.node.lastApplied;
      if (trails > 40) throw new Error(`${nameOf(id)} trails the leader by ${trails} entries`);
    }
  }
}

function drawKnobs(prng: Prng): Knobs {
  return {
    voters: prng.integer(1, 5),
    spares: prng.integer(0, 2),
    delayMax: prng.chance(0.5) ? 3 : 25,
    loss: prng.chance(0.5) ? 0 : prng.next() * 0.2,
    repeat: prng.chance(0.5) ? 0 : prng.next() * 0.2,
    reportsLoss: prng.chance(0.5) ? 1 : 0,
    diskDelayMax: prng.chance(0.5) ? 2 : 30,
    applyDelayMax: prng.chance(0.5) ? 1 : 40,
    faultInterval: prng.chance(0.2) ? 1e9 : prng.integer(40, 400),
    compactEvery: prng.chance(0.5) ? prng.integer(4, 30) : 1e9,
    changes: prng.chance(0.6),
  };
}

function describeInput(input: Input): string {
  if (input.kind === "message") return `from ${nameOf(input.from)}: ${describeMessage(input.message)}`;
  if (input.kind === "changeMembership") return `change ${JSON.stringify(input.change)}`;
  return input.kind;
}

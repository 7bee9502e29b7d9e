// The simulated world of one seed: nodes, network, clients, an operator and a nemesis under one scheduler. First everything happens at once: clients work
// while faults strike. Then the faults stop, and within a bounded time the cluster must have a leader, agree, and have answered everybody.

import { History } from "../../../src/cli/check/history.ts";
import type { Crc32 } from "../../../src/base/crc.ts";
import type { NodeId } from "../../../src/base/ids.ts";
import type { Prng } from "../../../src/base/prng.ts";
import type { Membership } from "../../../src/raft/membership.ts";
import type { RaftEvent } from "../../../src/raft/ready.ts";
import { Backups } from "../clients/backups.ts";
import { LeaseHolder } from "../clients/lease-holders.ts";
import { Readers } from "../clients/readers.ts";
import { RuledWriter } from "../clients/ruled-writers.ts";
import { RuleSetter } from "../clients/rule-setter.ts";
import { SessionCloser } from "../clients/session-closer.ts";
import { SimClient } from "../clients/sim-client.ts";
import { Watchers } from "../clients/watchers.ts";
import { Workload } from "../clients/workload.ts";
import { fastestClockRate } from "../faults/clock-faults.ts";
import type { NumberedFault } from "../faults/fault.ts";
import { Nemesis, type Struck } from "../faults/nemesis.ts";
import { Triggers } from "../faults/trigger.ts";
import { Scheduler } from "../kernel/scheduler.ts";
import { Trace } from "../kernel/trace.ts";
import { Links } from "../network/links.ts";
import { SimNetwork } from "../network/sim-network.ts";
import { encodedHop, sharedHop } from "../network/wire-hop.ts";
import { allProperties } from "../properties/all.ts";
import { judgeHistory } from "../properties/linearizability.ts";
import type { LogSight } from "../properties/log-sight.ts";
import { Watch } from "../properties/watch.ts";
import { diskSlack } from "./disk-slack.ts";
import { describeEvent } from "./event-text.ts";
import { describeMessage } from "./message-text.ts";
import { fork, type Knobs, type LeaseKnobs, type RuleKnobs } from "./knobs.ts";
import { Operator } from "./operator.ts";
import { memberOf } from "./home.ts";
import { logSights } from "./log-sights.ts";
import { atRest, membersAlive } from "./rest.ts";
import { SimNode } from "./sim-node.ts";
import { Stage } from "./stage.ts";
import type { Surroundings } from "./surroundings.ts";

export interface WorldOptions {
  readonly seed: number;
  readonly knobs: Knobs;
  readonly plan: readonly NumberedFault[];
  readonly crc32: Crc32;
  readonly onLine?: ((line: string) => void) | undefined;
}

/** Within so many election timeouts after the last fault the cluster must have come to rest. */
export const convergenceElectionTimeouts = 300;

/** So long clients go on after the last fault. */
const calmElectionTimeouts = 8;

export class World {
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly history: History;
  /** What struck, by kind. */
  readonly struck: Record<string, number> = {};
  readonly #options: WorldOptions;
  readonly #stage: Stage;
  readonly #links: Links;
  readonly #watch: Watch;
  readonly #network: SimNetwork;
  readonly #operator: Operator;
  readonly #workload: Workload;
  readonly #struck: Struck;
  readonly #triggers = new Triggers();
  readonly #touched = new Set<SimNode>();
  readonly #streams = new Map<string, Prng>();
  readonly #backups: Backups;
  readonly #watchers: Watchers;
  readonly #readers: Readers;
  /** The highest index of a write that a client was told to be done. */
  #acknowledged = 0;
  #clientsAtWork = 0;
  #sparesLeft: number;

  constructor(options: WorldOptions) {
    const { knobs, crc32, onLine } = options;
    this.#options = options;
    this.#sparesLeft = knobs.spares;
    this.scheduler = new Scheduler({ eventEnded: () => this.#eventEnded() });
    this.trace = new Trace(this.scheduler, onLine);
    this.#stage = new Stage(this.scheduler, this.trace, knobs.electionTimeout);
    this.history = new History(() => this.scheduler.now);
    this.#links = new Links(this.#stream("links"), knobs.weather);
    const disks = { durableLogOf: (id: string) => this.#stage.nodes[Number(id) - 1]?.disk.durableLog };
    const logs = { prng: this.#stream("log verdicts"), sights: () => this.logSights() };
    this.#watch = new Watch(allProperties({ now: () => this.scheduler.now, disks, crc32, logs, electionTimeout: knobs.electionTimeout, electionTimeoutsMax: convergenceElectionTimeouts, reaping: knobs.reaping, sessionLimits: knobs.sessions, clockRateMax: () => this.#clockRateMax() }));
    this.#network = this.#makeNetwork();
    this.#operator = new Operator({ stage: this.#stage, addNode: (instead) => this.#addMachine(instead), diskSlack: () => this.#diskSlack() });
    this.#workload = new Workload(knobs.clients, this.#stream("workload"));
    this.#struck = this.#strikeable();
    this.#backups = new Backups({
      stage: this.#stage, prng: this.#stream("backups"), acknowledged: () => this.#acknowledged, begun: () => this.#struck.count("backup"),
      done: (backup) => this.#guard(() => this.#watch.backedUp(backup)), fail: (thrown) => this.scheduler.fail(thrown),
    });
    this.#watchers = new Watchers({ stage: this.#stage, prng: this.#stream("watchers"), told: (view) => this.#guard(() => this.#watch.watched(view)), fail: (thrown) => this.scheduler.fail(thrown) });
    this.#readers = new Readers({ stage: this.#stage, prng: this.#stream("readers"), told: (page) => this.#guard(() => this.#watch.paged(page)), fail: (thrown) => this.scheduler.fail(thrown) });
  }

  /** Rejects with the first violation. */
  async run(): Promise<void> {
    const { knobs, plan } = this.#options;
    for (let number = 1; number <= knobs.voters; number += 1) this.#addNode(true);
    for (let number = 1; number <= knobs.clients.clients; number += 1) this.#work(this.#client(`c${number}`).run());
    this.#watchers.begin();
    this.#readers.begin();
    for (let number = 1; number <= (knobs.leases?.holders ?? 0); number += 1) this.#work(this.#leaseHolder(`h${number}`, knobs.leases!).run());
    if (knobs.rules !== undefined) this.#beginRules(knobs.rules);
    if (knobs.sessionClosePause !== undefined) this.#work(this.#sessionCloser(knobs.sessionClosePause).run());
    this.#backups.begin(knobs.chaosElectionTimeouts * knobs.electionTimeout);
    for (const fault of plan) this.scheduler.at(fault.at, () => this.#strike(fault));
    await this.scheduler.run(knobs.chaosElectionTimeouts * knobs.electionTimeout, () => false);
    this.#heal();
    await this.#converge();
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #heal(): void {
    this.#stage.healed = true;
    this.#triggers.disarm();
    this.#stage.at(calmElectionTimeouts * this.#stage.electionTimeout, () => this.#workload.close());
    this.trace.record("world", "heal", "faults stop");
    this.#links.heal();
    if (this.struck["wrong state"] !== undefined) this.#rightStates();
    for (const node of this.#stage.nodes) node.heal();
  }

  /** What was heard of wrong states is remembered until a restart, and what was said of them is under way. */
  #rightStates(): void {
    for (const node of this.#stage.nodes) node.crash("kill", "states are right from now on");
    this.#network.loseUnderWay();
  }

  async #converge(): Promise<void> {
    const began = this.scheduler.now;
    const end = began + convergenceElectionTimeouts * this.#options.knobs.electionTimeout;
    let rested = await this.#rest(end);
    if (rested) {
      // Whatever became of them, every key has one value now, and every node can say which.
      this.#work(this.#readEverything());
      this.#work(this.#watchers.finish());
      rested = await this.#rest(end);
    }
    this.#watch.ended({
      replicas: this.#concerned().flatMap(({ process }) => (process === undefined ? [] : [process.view])),
      convergedMs: rested ? this.scheduler.now - began : undefined,
      pendingOperations: this.#clientsAtWork,
      outcasts: this.#stage.leader() === undefined ? [] : membersAlive(this.#stage).flatMap(({ name, process }) => (process?.gateway.removedAt === undefined ? [] : [name])),
    });
    judgeHistory(this.history.operations());
  }

  /** The logs of the nodes, as they are now. */
  logSights(): readonly LogSight[] {
    return logSights(this.#stage.nodes);
  }

  /** The members, or everybody while nobody leads. */
  #concerned(): readonly SimNode[] {
    return this.#stage.leader() === undefined ? this.#stage.nodes : membersAlive(this.#stage);
  }

  #rest(end: number): Promise<boolean> {
    return this.scheduler.run(end, () => this.#clientsAtWork === 0 && this.#operator.busy === 0 && atRest(this.#stage));
  }

  async #readEverything(): Promise<void> {
    const reader = this.#client("final");
    for (const key of this.#workload.keys()) await reader.perform({ key, operation: { kind: "get" } });
  }

  // ── what happens ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #strike(fault: NumberedFault): void {
    this.trace.record("fault", fault.kind, fault.text);
    fault.strike(new Nemesis(this.#struck, this.#triggers, fork(this.#options.seed, `fault ${fault.number}`)));
  }

  #eventEnded(): void {
    for (const { process } of this.#touched) {
      if (process === undefined) continue;
      const { view } = process;
      this.trace.step(view.currentTerm, view.commitIndex, view.lastIndex);
      this.#guard(() => this.#watch.stepped(view));
    }
    this.#touched.clear();
  }

  #work(task: Promise<void>): void {
    this.#clientsAtWork += 1;
    task.then(() => (this.#clientsAtWork -= 1), (error: unknown) => this.scheduler.fail(error));
  }

  #observed(node: SimNode, event: RaftEvent): void {
    this.trace.record(node.name, event.kind, describeEvent(event));
    const view = node.process?.view;
    if (view !== undefined) this.#guard(() => this.#watch.observed(view, event));
    this.#triggers.observed(node, event);
    if (event.kind === "membershipAppended") this.#newVoters(node);
  }

  /** Points for faults that wait until a certain node is made a voter. */
  #newVoters(node: SimNode): void {
    const core = node.process?.raft.core;
    if (core?.role !== "leader" || core.membership.votersOutgoing.length === 0) return;
    for (const id of core.membership.voters) if (!core.membership.votersOutgoing.includes(id)) this.#triggers.passed(node, `role.leader.voter.n${id}`);
  }

  /** A violation must not look like a failure of the process inside of which it is found. */
  #guard(check: () => void): void {
    try {
      check();
    } catch (violation) {
      this.scheduler.fail(violation);
    }
  }

  // ── who is there ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #addNode(founder: boolean): SimNode {
    const number = this.#stage.nodes.length + 1;
    const { knobs } = this.#options;
    const prng = this.#stream(`n${number}`);
    const drift = 1 + prng.next() * knobs.clockDrift;
    const clock = { rate: prng.chance(0.5) ? drift : 1 / drift, wallOffset: prng.integer(-300_000, 300_000), turnMs: () => prng.next() * knobs.turnMsMax };
    const node = new SimNode(number, this.#surroundingsOf(number), {
      prng: this.#stream(`n${number}.disk`), clock, founder,
      masterEligible: !founder || number !== ineligible || !knobs.hasIneligibleVoter,
      afterKill: prng.chance(0.5) ? "written back" : "cached",
    });
    node.disk.conditions.durableMs = () => prng.next() * knobs.durableMsMax;
    node.disk.conditions.otherMs = () => (knobs.otherDiskMsMax === 0 ? 0 : prng.next() * knobs.otherDiskMsMax);
    this.#stage.nodes.push(node);
    node.start();
    return node;
  }

  /** @param instead of one that was lost; otherwise as many as there are spares. */
  #addMachine(instead: boolean): SimNode | undefined {
    if (!instead && this.#sparesLeft === 0) return undefined;
    if (!instead) this.#sparesLeft -= 1;
    return this.#addNode(false);
  }

  /** Where dead members are removed, a voter that is only away may be the next to go: then one is spared for that, and one at most is taken on purpose. */
  #diskSlack(): number {
    const slack = diskSlack(this.#stage.nodes) - this.#operator.shrinking;
    if (this.#options.knobs.reaping === undefined) return slack;
    const isTaken = this.#operator.shrinking > 0 || this.#stage.nodes.some(({ unsound }) => unsound);
    return isTaken ? 0 : Math.min(1, slack - 1);
  }

  #client(name: string): SimClient {
    const { clients: knobs, leaseReads } = this.#options.knobs;
    return new SimClient(name, {
      stage: this.#stage, knobs, leaseReadShare: leaseReads?.readShare ?? 0, workload: this.#workload, history: this.history,
      delay: (from, to) => this.#links.fateOf(from, to).delay,
      answered: (answer) => {
        if (answer.kind === "write") this.#acknowledged = Math.max(this.#acknowledged, answer.index);
        this.#guard(() => this.#watch.answered(answer));
      },
    }, this.#stream(name));
  }

  #leaseHolder(name: string, knobs: LeaseKnobs): LeaseHolder {
    return new LeaseHolder(name, {
      stage: this.#stage, knobs, delay: (from, to) => this.#links.fateOf(from, to).delay, isOver: () => this.#stage.healed,
      kept: (promise) => this.#guard(() => this.#watch.leaseKept(promise)),
    }, this.#stream(name));
  }

  #beginRules(knobs: RuleKnobs): void {
    const isOver = (): boolean => this.#stage.healed;
    const world = {
      stage: this.#stage, knobs, isOver, delay: (from: string, to: string) => this.#links.fateOf(from, to).delay,
      refused: (value: string) => this.#guard(() => this.#watch.refused(value)),
    };
    this.#work(new RuleSetter({ stage: this.#stage, prng: this.#stream("rules"), isOver }).run());
    for (let number = 1; number <= knobs.writers; number += 1) this.#work(new RuledWriter(`r${number}`, world, this.#stream(`r${number}`)).run());
  }

  #sessionCloser(pauseMax: number): SessionCloser {
    return new SessionCloser({ stage: this.#stage, pauseMax, delay: (from, to) => this.#links.fateOf(from, to).delay, isOver: () => this.#stage.healed }, this.#stream("closer"));
  }

  /** Clocks drift; where a fault has changed one, it may be the fastest. */
  #clockRateMax(): number {
    const drifting = 1 + this.#options.knobs.clockDrift;
    return this.struck["clock rate"] === undefined ? drifting : Math.max(drifting, fastestClockRate);
  }

  #strikeable(): Struck {
    return {
      stage: this.#stage, links: this.#links, operator: this.#operator,
      count: (kind) => (this.struck[kind] = (this.struck[kind] ?? 0) + 1),
      mayLoseDisk: (node) => !node.unsound && this.#diskSlack() >= 1,
    };
  }

  #makeNetwork(): SimNetwork {
    const nodeOf = (name: string): SimNode | undefined => this.#stage.nodes[Number(name.slice(1)) - 1];
    return new SimNetwork(this.#links, this.#options.knobs.encodesMessages ? encodedHop : sharedHop, {
      sending: (from, to, message) => {
        this.trace.note(from.name, "sends", () => describeMessage(to, message));
        const view = nodeOf(from.name)?.process?.view;
        if (view !== undefined) this.#guard(() => this.#watch.sending(view, to, message));
      },
      heard: (by, from, answer) => {
        const view = nodeOf(by.name)?.process?.view;
        if (view !== undefined) this.#guard(() => this.#watch.heard(view, from, answer));
      },
    });
  }

  #surroundingsOf(number: number): Surroundings {
    const { knobs, crc32 } = this.#options;
    const node = (): SimNode => this.#stage.nodes[number - 1]!;
    return {
      knobs, crc32, network: this.#network, scheduler: this.scheduler, trace: this.trace, watch: this.#watch, founding: foundingOf(knobs),
      prng: this.#stream(`n${number}.process`),
      touched: () => void this.#touched.add(node()),
      passed: (point) => this.#triggers.passed(node(), point),
      observed: (event) => this.#observed(node(), event),
      joiningFailed: () => {
        node().doomed = true;
        this.#stage.at(knobs.electionTimeout, () => this.#operator.replace(node()));
      },
      ruined: () => this.#operator.replace(node()),
      guard: (check) => this.#guard(check),
      fail: (thrown) => this.scheduler.fail(thrown),
    };
  }

  /** Every part of the world draws from a stream of its own. */
  #stream(part: string): Prng {
    let stream = this.#streams.get(part);
    if (stream === undefined) this.#streams.set(part, (stream = fork(this.#options.seed, part)));
    return stream;
  }
}

/** The founder that never campaigns, if the seed wants one. Those that may lead are always a majority: else nobody may have the longest log and the right to lead. */
const ineligible = 3;

function foundingOf({ voters, hasIneligibleVoter }: Knobs): Membership {
  const members = Array.from({ length: voters }, (_, position) => {
    const number = position + 1;
    return memberOf({ id: String(number) as NodeId, name: `n${number}`, incarnation: 1, clientPort: 2, masterEligible: number !== ineligible || !hasIneligibleVoter });
  });
  return { voters: members.map(({ id }) => id), votersOutgoing: [], learners: [], learnersNext: [], members };
}

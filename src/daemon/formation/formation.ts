// Forming, carried out: look at the source, ask every address how it stands, and do what the rules say of it (rules.ts), until this node has founded
// the cluster or belongs to the one that another has founded. One thing at a time: a vote that is asked for waits while one is decided here, and
// every vote is on the disk before anybody hears of it. It goes on after a restart where it stood. When it has ended, nothing is written any more.

import type { Clock, Timer } from "../../base/clock.ts";
import { RaftctlError, toRaftctlError } from "../../base/errors.ts";
import { globalRegion, parseNodeId, type NodeId } from "../../base/ids.ts";
import type { Logger } from "../../base/logger.ts";
import type { Transport } from "../../host/transport.ts";
import type { FormationAnswer, FormationProgress, FormationQuestion } from "../../wire/admin-protocol.ts";
import type { DiscoveredNode } from "../discovery/discovery.ts";
import { findingOfAnswer, findingOfFailure } from "./findings.ts";
import type { FormingRecord } from "./forming-file.ts";
import { formationProgress } from "./progress.ts";
import { formingPeers, nextStep, voteWhenAsked, type Cluster, type Finding, type FormingSelf } from "./rules.ts";

export interface FormationOptions {
  readonly record: FormingRecord;
  readonly join: FormingSelf["join"];
  readonly lookup: () => Promise<readonly DiscoveredNode[]>;
  readonly callAddress: Transport["callAddress"];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between two looks, ms. */
  readonly intervalMs: number;
  /** Of each question, ms. */
  readonly timeoutMs: number;
  /** Durable when it resolves. */
  readonly saveVote: (candidate: NodeId) => Promise<void>;
  /** Makes the identity of the founder, durably, and answers with its new cluster. */
  readonly found: () => Promise<Cluster>;
  /** Makes the identity of a node that joins this cluster. */
  readonly enter: (cluster: Cluster, seeds: readonly string[]) => Promise<void>;
}

export class Formation {
  readonly #options: FormationOptions;
  #vote: NodeId | undefined;
  #cluster: Cluster | undefined;
  #findings: readonly Finding[] = [];
  #addresses: readonly string[] = [];
  #lookupFailure: RaftctlError | undefined;
  #turns: Promise<unknown> = Promise.resolve();
  #pause: Timer | undefined;
  /** Ends the wait that is under way. */
  #interrupt: (() => void) | undefined;
  #hasStopped = false;
  /** Never taken back: from then on no vote is given. */
  #votesNoMore = false;

  constructor(options: FormationOptions) {
    this.#options = options;
    this.#vote = options.record.vote;
  }

  /** The cluster that this node belongs to now. */
  get cluster(): Cluster | undefined {
    return this.#cluster;
  }

  progress(): FormationProgress {
    const { source } = this.#options.record;
    return formationProgress({ self: this.#self(), source, findings: this.#findings, lookupFailure: this.#lookupFailure });
  }

  /** @throws CONFLICT when the other node looks for another cluster than this one */
  answer(question: FormationQuestion): Promise<FormationAnswer> {
    return this.#inTurn(async () => {
      this.#refuseNamesake(question);
      if (this.#cluster === undefined) {
        if (this.#votesNoMore) throw new RaftctlError("STOPPED", `${this.#options.record.name} stops`, { hint: "ask again when it has been started again" });
        this.#refuseOtherTerms(question);
        const asker = { nodeId: parseNodeId(question.nodeId), vote: question.vote === null ? undefined : parseNodeId(question.vote), found: question.found };
        const vote = voteWhenAsked(this.#self(), asker);
        if (vote !== undefined) await this.#give(vote);
      }
      const { nodeId, name } = this.#options.record;
      return { nodeId, name, cluster: this.#cluster ?? null, vote: this.#cluster === undefined ? (this.#vote ?? null) : null };
    });
  }

  /** @returns when this node belongs to a cluster, or was stopped, and nothing is written any more. @throws what its disk throws */
  async run(): Promise<void> {
    try {
      while (!this.#hasStopped && this.#cluster === undefined) await this.#round();
    } finally {
      await this.stop();
    }
  }

  /** Resolves when nothing is written any more. */
  async stop(): Promise<void> {
    this.#hasStopped = true;
    this.#votesNoMore = true;
    this.#pause?.cancel();
    this.#interrupt?.();
    await this.#turns;
  }

  async #round(): Promise<void> {
    // A name server or a node that does not answer must not hold up the end.
    const findings = await this.#unlessStopped(this.#findOut());
    if (findings === undefined) return;
    this.#findings = findings;
    const moved = await this.#inTurn(() => this.#step());
    if (!moved && !this.#hasStopped) await this.#unlessStopped(this.#wait());
  }

  /** Not a race with one promise of the end: that would keep something of every round for as long as it takes, and it may take months. */
  #unlessStopped<T>(work: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      this.#interrupt = () => resolve(undefined);
      work.then(resolve, reject);
    });
  }

  #self(): FormingSelf {
    const { record, join } = this.#options;
    return { nodeId: record.nodeId, expect: record.expect, vote: this.#vote, join };
  }

  async #findOut(): Promise<readonly Finding[]> {
    await this.#look();
    return Promise.all(this.#addresses.map((address) => this.#ask(address)));
  }

  /** What was known stays when the source cannot be read. */
  async #look(): Promise<void> {
    try {
      this.#addresses = (await this.#options.lookup()).map(({ address }) => address);
      this.#lookupFailure = undefined;
    } catch (error) {
      const failure = toRaftctlError(error);
      if (this.#lookupFailure === undefined) this.#options.logger.warn({ reason: failure.message }, "the discovery source cannot be read");
      this.#lookupFailure = failure;
    }
  }

  async #ask(address: string): Promise<Finding> {
    const { callAddress, record, timeoutMs } = this.#options;
    const found = formingPeers(this.#findings).length + 1;
    const params: FormationQuestion = { nodeId: record.nodeId, name: record.name, expect: record.expect, vote: this.#vote ?? null, found };
    try {
      const rpc = { type: "admin", hops: 0, method: "formationVote", params, timeoutMs } as const;
      const { result } = await callAddress(address, globalRegion, rpc, { timeoutMs });
      return findingOfAnswer(address, result);
    } catch (thrown) {
      return findingOfFailure(address, toRaftctlError(thrown));
    }
  }

  /** @returns whether anything changed. */
  async #step(): Promise<boolean> {
    if (this.#votesNoMore) return false;
    const { logger, record } = this.#options;
    const step = nextStep(this.#self(), this.#findings);
    switch (step.kind) {
      case "wait":
        return false;
      case "vote":
        await this.#give(step.candidate);
        return true;
      case "found":
        // Also when this fails the identity may be on the disk, and a vote beside it would let another one found with it.
        this.#votesNoMore = true;
        this.#cluster = await this.#options.found();
        logger.info({ cluster: this.#cluster.id, expect: record.expect }, "this node founds the cluster");
        return true;
      case "join":
        this.#votesNoMore = true;
        await this.#options.enter(step.cluster, step.seeds);
        this.#cluster = step.cluster;
        logger.info({ cluster: step.cluster.id, seeds: step.seeds }, "this node joins the cluster that was found");
        return true;
    }
  }

  async #give(candidate: NodeId): Promise<void> {
    await this.#options.saveVote(candidate);
    this.#options.logger.info({ candidate, before: this.#vote }, "this node votes for the one that shall found the cluster");
    this.#vote = candidate;
  }

  #refuseNamesake({ nodeId, name }: FormationQuestion): void {
    const { record } = this.#options;
    if (name === record.name && nodeId !== record.nodeId) throw new RaftctlError("CONFLICT", `two nodes are called ${name}`, { hint: "give every node a --name of its own" });
  }

  #refuseOtherTerms({ name, expect }: FormationQuestion): void {
    const { record } = this.#options;
    if (expect === record.expect) return;
    throw new RaftctlError("CONFLICT", `${record.name} forms a cluster of ${record.expect} nodes, ${name} one of ${expect}`, { hint: "give every node the same --expect" });
  }

  /** One after the other; a failure is its own caller's matter. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turns.then(work);
    this.#turns = turn.catch(() => undefined);
    return turn;
  }

  #wait(): Promise<void> {
    const { clock, intervalMs } = this.#options;
    return new Promise((over) => (this.#pause = clock.at(clock.now() + intervalMs, over)));
  }
}

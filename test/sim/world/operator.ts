// The operator of the simulated cluster: joins, removals, demotions and transfers, asked of whoever leads and asked again until they are done or the
// world has healed and they make no sense any more. Replacing a lost machine is the one task that is never given up.

import { toRaftctlError } from "../../../src/base/errors.ts";
import type { NodeId } from "../../../src/base/ids.ts";
import type { MembershipChange } from "../../../src/raft/membership.ts";
import { removalOf } from "../../host/support/removal.ts";
import type { SimNode } from "./sim-node.ts";
import type { Stage } from "./stage.ts";

export interface OperatorWorld {
  readonly stage: Stage;
  /** A fresh machine, started, that asks its way in; undefined when there are no more. */
  addNode(instead: boolean): SimNode | undefined;
  /** Voters that may still be lost or removed without losing a majority of disks. */
  diskSlack(): number;
}

type Attempt = (leader: SimNode) => Promise<unknown>;

const attemptsMax = 12;
const replacementElectionTimeoutsMax = 40;

export class Operator {
  readonly #world: OperatorWorld;
  #busy = 0;
  #shrinking = 0;
  /** Machines that are gone for good and still members. */
  readonly #dead = new Set<SimNode>();

  constructor(world: OperatorWorld) {
    this.#world = world;
  }

  /** Tasks under way. */
  get busy(): number {
    return this.#busy;
  }

  /** Voters that are on their way out, though no membership says so yet. */
  get shrinking(): number {
    return this.#shrinking;
  }

  join(): SimNode | undefined {
    const node = this.#world.addNode(false);
    if (node !== undefined) this.#world.stage.trace("op", "join", `${node.name} asks its way in`);
    return node;
  }

  transfer(leader: SimNode | undefined, target: NodeId | undefined): void {
    const raft = leader?.process?.raft;
    if (raft === undefined) return;
    this.#begin(`transfer from ${leader!.name} to ${target ?? "anybody"}`, async () => void (await this.#inTime(raft.transferLeadership(target))));
  }

  remove(node: SimNode | undefined): void {
    if (node === undefined || this.#world.diskSlack() < 1) return;
    this.#shrink(`remove ${node.name}`, () => this.#change((leader) => this.#removal(leader, node), attemptsMax));
  }

  demoteAndPromote(node: SimNode | undefined): void {
    if (node === undefined || this.#world.diskSlack() < 1) return;
    this.#shrink(`demote ${node.name} and promote it again`, async () => {
      await this.#change((leader) => leader.process!.raft.changeMembership({ demote: [node.id] }), attemptsMax);
      await this.#change((leader) => leader.process!.memberChange.change({ promote: [node.id] }), attemptsMax);
    });
  }

  /** One voter leaves and a learner takes its place, in one joint change (§6). */
  swap(node: SimNode | undefined): void {
    if (node === undefined || this.#world.diskSlack() < 1) return;
    this.#shrink(`swap ${node.name}`, () => this.#change((leader) => {
      const { raft } = leader.process!;
      const { learners, voters } = raft.core.membership;
      const change: MembershipChange = learners.length > 0 ? { demote: [node.id], promote: [learners[0]!] } : { demote: voters.filter((id) => id === node.id) };
      return raft.changeMembership(change);
    }, attemptsMax));
  }

  replace(node: SimNode): void {
    if (node.destroyed) return;
    node.destroy();
    this.#dead.add(node);
    this.#world.stage.trace("op", "replace", `${node.name} is gone for good`);
    // One machine is asked for either way; half of them take the place in one step.
    this.#begin(`replace ${node.name}`, Number(node.id) % 2 === 0 ? () => this.#replaceInSteps(node) : () => this.#replaceInOneStep(node));
  }

  async #replaceInSteps(node: SimNode): Promise<void> {
    await this.#remove(node);
    this.#world.addNode(true);
  }

  /** The newcomer may be lost too, or be voting before the operation begins: what is not done in time is given up and done in steps. */
  async #replaceInOneStep(node: SimNode): Promise<void> {
    const newcomer = this.#world.addNode(true)!;
    const begin: Attempt = (leader) => leader.process!.memberChange.beginReplacement({ leaving: node.id, newcomer: newcomer.name, force: false, dryRun: false });
    const begun = await this.#change(begin, attemptsMax).then(() => true, () => false);
    if (begun) await this.#awaitRemoval(node, replacementElectionTimeoutsMax);
    await this.#change((leader) => this.#cancel(leader, node), attemptsMax).catch(() => undefined);
    await this.#remove(node);
  }

  async #remove(node: SimNode): Promise<void> {
    await this.#change((leader) => this.#removal(leader, node), 1_000_000);
    this.#dead.delete(node);
  }

  async #awaitRemoval(node: SimNode, electionTimeouts: number): Promise<void> {
    const isMember = (): boolean => this.#world.stage.leader()?.process?.raft.core.membership.members.some(({ id }) => id === node.id) ?? true;
    for (let left = electionTimeouts; left > 0 && isMember(); left -= 1) await this.#world.stage.sleep(this.#world.stage.electionTimeout);
  }

  #cancel(leader: SimNode, node: SimNode): Promise<unknown> {
    const { raft, memberChange } = leader.process!;
    const underWay = raft.core.membership.replacements?.find(({ leaving }) => leaving === node.id);
    return underWay === undefined ? Promise.resolve() : memberChange.cancelReplacement({ id: underWay.id, dryRun: false });
  }

  /** One that lives gives its place to a spare machine; who is replaced goes on running, and is no member any more. */
  replaceAlive(node: SimNode | undefined): void {
    if (node === undefined || this.#world.diskSlack() < 1) return;
    const newcomer = this.#world.addNode(false);
    if (newcomer === undefined) return;
    this.#shrink(`replace ${node.name} by ${newcomer.name}`, async () => {
      await this.#change((leader) => leader.process!.memberChange.beginReplacement({ leaving: node.id, newcomer: newcomer.name, force: false, dryRun: false }), attemptsMax);
      await this.#awaitRemoval(node, replacementElectionTimeoutsMax);
      await this.#change((leader) => this.#cancel(leader, node), attemptsMax);
    });
  }

  removeAndAddBack(node: SimNode | undefined, afterMs: number): void {
    if (node === undefined || this.#world.diskSlack() < 1) return;
    this.#shrink(`remove ${node.name} and add it again`, async () => {
      await this.#change((leader) => this.#removal(leader, node), attemptsMax);
      await this.#world.stage.sleep(afterMs);
      await this.#change((leader) => leader.process!.memberChange.add({ peerAddress: `${node.name}:1`, name: null, unreachableOk: false, dryRun: false }), attemptsMax);
    });
  }

  /** The learner that stands for it counts in no quorum, and gives way to the machine that comes. */
  expectNewcomer(): void {
    const name = `n${this.#world.stage.nodes.length + 1}`;
    this.#begin(`expect ${name}`, async () => {
      await this.#change((leader) => leader.process!.memberChange.add({ peerAddress: `${name}:1`, name, unreachableOk: true, dryRun: false }), attemptsMax);
      this.join();
    });
  }

  /** What the leader refuses for good reasons, asked all the same. */
  attempt(text: string, attempt: Attempt): void {
    const leader = this.#world.stage.leader();
    if (leader?.process === undefined) return;
    this.#begin(text, async () => void (await this.#inTime(attempt(leader))));
  }

  #removal(leader: SimNode, node: SimNode): Promise<unknown> {
    const { raft, memberChange } = leader.process!;
    if (!raft.core.membership.members.some(({ id }) => id === node.id)) return Promise.resolve();
    // The leader itself: what `member remove` does not do, an embedder may.
    if (leader === node) return raft.changeMembership({ remove: [node.id] });
    return memberChange.apply(removalOf(node.id, { force: this.#dead.has(node), dryRun: false }));
  }

  #shrink(text: string, task: () => Promise<void>): void {
    this.#shrinking += 1;
    this.#begin(text, () => task().finally(() => (this.#shrinking -= 1)));
  }

  #begin(text: string, task: () => Promise<void>): void {
    this.#busy += 1;
    this.#world.stage.trace("op", "begins", text);
    task().then(
      () => this.#ended(text, "done"),
      (error: unknown) => this.#ended(text, toRaftctlError(error).code),
    );
  }

  #ended(text: string, how: string): void {
    this.#busy -= 1;
    this.#world.stage.trace("op", "ends", `${text}: ${how}`);
  }

  async #change(attempt: Attempt, attempts: number): Promise<void> {
    for (let left = attempts; ; left -= 1) {
      const { healed } = this.#world.stage;
      const leader = this.#world.stage.leader();
      try {
        if (leader?.process !== undefined) return void (await this.#inTime(attempt(leader)));
      } catch (error) {
        const { code, message } = toRaftctlError(error);
        this.#world.stage.note("op", "refused", () => `${code}: ${message}`);
        // What a healed cluster refuses for its own reasons makes no sense any more.
        if (left <= 0 || code === "INVALID_ARGUMENT" || code === "NOT_FOUND" || (healed && code === "CONFLICT")) throw error;
      }
      if (left <= 0) throw new Error("given up");
      await this.#world.stage.sleep(this.#world.stage.electionTimeout);
    }
  }

  /** A process that died never answers. */
  #inTime<T>(asked: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      asked.then(resolve, reject);
      void this.#world.stage.sleep(5 * this.#world.stage.electionTimeout).then(() => reject(new Error("no answer")));
    });
  }
}

// A running process as the properties see it.

import type { NodeId } from "../../../src/base/ids.ts";
import type { Raft } from "../../../src/host/region.ts";
import type { Machine } from "../../../src/machine/machine.ts";
import type { Entry } from "../../../src/raft/entry.ts";
import type { Membership } from "../../../src/raft/membership.ts";
import type { Role } from "../../../src/raft/ready.ts";
import type { QueueView, ReplicaView } from "../properties/property.ts";
import type { ProcessLife } from "../kernel/process-life.ts";
import type { Named } from "./home.ts";

export class ProcessView implements ReplicaView {
  readonly id: NodeId;
  readonly name: string;
  readonly boot: number;
  readonly #machine: Machine;
  readonly #queues: () => readonly QueueView[];
  #raft: Raft | undefined;

  constructor(node: Named, life: ProcessLife, { machine, queues }: { machine: Machine; queues: () => readonly QueueView[] }) {
    this.id = node.id;
    this.name = node.name;
    this.boot = life.boot;
    this.#machine = machine;
    this.#queues = queues;
  }

  begin(raft: Raft): void {
    this.#raft = raft;
  }

  get #core(): Raft["core"] {
    return this.#raft!.core;
  }

  get role(): Role {
    return this.#core.role;
  }

  get currentTerm(): number {
    return this.#core.currentTerm;
  }

  get commitIndex(): number {
    return this.#core.commitIndex;
  }

  get lastApplied(): number {
    return this.#core.lastApplied;
  }

  get lastIndex(): number {
    return this.#core.lastIndex;
  }

  get snapshotIndex(): number {
    return this.#core.snapshotIndex;
  }

  get membership(): Membership {
    return this.#core.membership;
  }

  votedFor(): string | undefined {
    return this.#core.status().votedFor;
  }

  get digest(): string {
    return this.#machine.digest();
  }

  termAt(index: number): number | undefined {
    return this.#core.termAt(index);
  }

  entriesBetween(first: number, last: number): readonly Entry[] {
    return this.#core.entriesBetween(first, last);
  }

  queues(): readonly QueueView[] {
    return this.#queues();
  }
}

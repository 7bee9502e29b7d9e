// Tells every property what happens, each in the order in which it was given, and only those that want to know. The first one whose sentence is no longer
// true throws its Violation through here.

import type { NodeId } from "../../../src/base/ids.ts";
import type { Entry } from "../../../src/raft/entry.ts";
import type { Message } from "../../../src/raft/message.ts";
import type { RaftEvent } from "../../../src/raft/ready.ts";
import type { BackupView, ClientAnswer, EndView, LeasePromise, PageView, Property, ReplicaView, WatchView } from "./property.ts";

type Hook = Exclude<keyof Property, "name">;
type Listening<H extends Hook> = readonly (Property & Required<Pick<Property, H>>)[];

export class Watch {
  readonly #booted: Listening<"booted">;
  readonly #stepped: Listening<"stepped">;
  readonly #observed: Listening<"observed">;
  readonly #applied: Listening<"applied">;
  readonly #sending: Listening<"sending">;
  readonly #heard: Listening<"heard">;
  readonly #reaping: Listening<"reaping">;
  readonly #answered: Listening<"answered">;
  readonly #leaseKept: Listening<"leaseKept">;
  readonly #refused: Listening<"refused">;
  readonly #backedUp: Listening<"backedUp">;
  readonly #watched: Listening<"watched">;
  readonly #paged: Listening<"paged">;
  readonly #saved: Listening<"saved">;
  readonly #installed: Listening<"installed">;
  readonly #dying: Listening<"dying">;
  readonly #crashed: Listening<"crashed">;
  readonly #killed: Listening<"killed">;
  readonly #wiped: Listening<"wiped">;
  readonly #ended: Listening<"ended">;

  constructor(properties: readonly Property[]) {
    this.#booted = listening(properties, "booted");
    this.#stepped = listening(properties, "stepped");
    this.#observed = listening(properties, "observed");
    this.#applied = listening(properties, "applied");
    this.#sending = listening(properties, "sending");
    this.#heard = listening(properties, "heard");
    this.#reaping = listening(properties, "reaping");
    this.#answered = listening(properties, "answered");
    this.#leaseKept = listening(properties, "leaseKept");
    this.#refused = listening(properties, "refused");
    this.#backedUp = listening(properties, "backedUp");
    this.#watched = listening(properties, "watched");
    this.#paged = listening(properties, "paged");
    this.#saved = listening(properties, "saved");
    this.#installed = listening(properties, "installed");
    this.#dying = listening(properties, "dying");
    this.#crashed = listening(properties, "crashed");
    this.#killed = listening(properties, "killed");
    this.#wiped = listening(properties, "wiped");
    this.#ended = listening(properties, "ended");
  }

  booted(replica: ReplicaView): void {
    for (const property of this.#booted) property.booted(replica);
  }

  stepped(replica: ReplicaView): void {
    for (const property of this.#stepped) property.stepped(replica);
  }

  observed(replica: ReplicaView, event: RaftEvent): void {
    for (const property of this.#observed) property.observed(replica, event);
  }

  applied(replica: ReplicaView, entries: readonly Entry[], results: readonly (Uint8Array | undefined)[]): void {
    for (const property of this.#applied) property.applied(replica, entries, results);
  }

  sending(replica: ReplicaView, to: NodeId, message: Message): void {
    for (const property of this.#sending) property.sending(replica, to, message);
  }

  heard(replica: ReplicaView, from: NodeId, answer: Message): void {
    for (const property of this.#heard) property.heard(replica, from, answer);
  }

  reaping(replica: ReplicaView, dead: NodeId): void {
    for (const property of this.#reaping) property.reaping(replica, dead);
  }

  answered(answer: ClientAnswer): void {
    for (const property of this.#answered) property.answered(answer);
  }

  leaseKept(promise: LeasePromise): void {
    for (const property of this.#leaseKept) property.leaseKept(promise);
  }

  refused(value: string): void {
    for (const property of this.#refused) property.refused(value);
  }

  backedUp(backup: BackupView): void {
    for (const property of this.#backedUp) property.backedUp(backup);
  }

  watched(view: WatchView): void {
    for (const property of this.#watched) property.watched(view);
  }

  paged(page: PageView): void {
    for (const property of this.#paged) property.paged(page);
  }

  saved(replica: ReplicaView): void {
    for (const property of this.#saved) property.saved(replica);
  }

  installed(replica: ReplicaView, index: number): void {
    for (const property of this.#installed) property.installed(replica, index);
  }

  dying(replica: ReplicaView): void {
    for (const property of this.#dying) property.dying(replica);
  }

  crashed(name: string): void {
    for (const property of this.#crashed) property.crashed(name);
  }

  killed(name: string): void {
    for (const property of this.#killed) property.killed(name);
  }

  wiped(name: string): void {
    for (const property of this.#wiped) property.wiped(name);
  }

  ended(end: EndView): void {
    for (const property of this.#ended) property.ended(end);
  }
}

function listening<H extends Hook>(properties: readonly Property[], hook: H): Listening<H> {
  return properties.filter((property): property is Property & Required<Pick<Property, H>> => property[hook] !== undefined);
}

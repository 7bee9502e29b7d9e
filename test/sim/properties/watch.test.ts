// The one that tells the properties: everybody who listens, in order, and nobody else.

import { expect, test } from "vitest";
import { idOf } from "../../raft/harness/members.ts";
import { Violation, type Property } from "./property.ts";
import { elected } from "./support/events.ts";
import { voteGranted } from "./support/messages.ts";
import { ReplicaDouble } from "./support/replica-double.ts";
import { Watch } from "./watch.ts";

const hooks = ["booted", "stepped", "observed", "applied", "sending", "answered", "saved", "installed", "crashed", "killed", "wiped", "ended"] as const;

function spy(name: string, told: string[], listensTo: readonly (typeof hooks)[number][]): Property {
  return { name, ...Object.fromEntries(listensTo.map((hook) => [hook, (...args: unknown[]) => void told.push(`${name}.${hook}/${args.length}`)])) };
}

function tellEverything(watch: Watch): void {
  const replica = new ReplicaDouble("n1");
  watch.booted(replica);
  watch.stepped(replica);
  watch.observed(replica, elected(1));
  watch.applied(replica, [], []);
  watch.sending(replica, idOf("n2"), voteGranted(1));
  watch.answered({ client: "c1", node: "n1", boot: 1, kind: "write", index: 1 });
  watch.saved(replica);
  watch.installed(replica, 1);
  watch.crashed("n1");
  watch.killed("n1");
  watch.wiped("n1");
  watch.ended({ replicas: [], convergedMs: 1, pendingOperations: 0, outcasts: [] });
}

test("a property is told of every hook that it has, with all that belongs to it", () => {
  const told: string[] = [];
  tellEverything(new Watch([spy("a", told, hooks)]));
  expect(told).toEqual(["a.booted/1", "a.stepped/1", "a.observed/2", "a.applied/3", "a.sending/3", "a.answered/1", "a.saved/1", "a.installed/2", "a.crashed/1", "a.killed/1", "a.wiped/1", "a.ended/1"]);
});

test("properties are told in the order in which they were given, and only of what they have a hook for", () => {
  const told: string[] = [];
  tellEverything(new Watch([spy("a", told, ["stepped", "ended"]), spy("b", told, ["stepped"]), spy("c", told, [])]));
  expect(told).toEqual(["a.stepped/1", "b.stepped/1", "a.ended/1"]);
});

test("a method of a class is a hook, and its violation passes through", () => {
  class Never implements Property {
    readonly name = "Never";
    stepped(): void {
      throw new Violation(this.name, "it happened");
    }
  }
  expect(() => new Watch([new Never()]).stepped(new ReplicaDouble("n1"))).toThrow(new Violation("Never", "it happened"));
});

import { expect, test } from "vitest";
import { runSuites, type Bench } from "./runner.ts";
import { quickScale } from "./scale.ts";
import type { Suite } from "./suite.ts";
import type { StoreName, Target } from "./target.ts";

/** Two stores that do nothing, what was done with them in order, and a bench over them. */
function stage(changes: Partial<Bench> = {}): { done: string[]; bench: Bench } {
  const done: string[] = [];
  const make = (name: StoreName) => async (): Promise<Target> => {
    done.push(`start ${name}`);
    return {
      name, version: "1", nodes: [], leader: async () => ({}) as never, backUp: async () => undefined,
      connect: async () => ({ put: async () => undefined, get: async () => undefined, close: () => undefined }),
      stop: async () => void done.push(`stop ${name}`),
    };
  };
  const bench: Bench = {
    scale: quickScale, rounds: 2, start: [make("raftctl"), make("etcd")], signal: new AbortController().signal,
    onStep: ({ title, round, store }) => done.push(`${title} ${round} ${store}`), onVersion: () => undefined, ...changes,
  };
  return { done, bench };
}

let value = 0;
const step = (id: string, run = async () => ({ [id]: (value += 1) })) => ({ title: id, figures: [{ id, title: id, unit: "", better: "higher" as const }], run });
const suiteOf = (changes: Partial<Suite> = {}): Suite => ({ name: "s", about: "", stores: "both", steps: () => [step("a"), step("b")], ...changes });

test("stores take turns within each step, steps within each round, and every value is kept in the order of the rounds", async () => {
  const { done, bench } = stage();
  value = 0;
  const figures = await runSuites([suiteOf()], bench);
  expect(done).toEqual([
    "start raftctl", "start etcd", "a 1 raftctl", "a 1 etcd", "b 1 raftctl", "b 1 etcd", "a 2 raftctl", "a 2 etcd", "b 2 raftctl", "b 2 etcd", "stop raftctl", "stop etcd",
  ]);
  expect(figures.map(({ id, values }) => [id, values])).toEqual([["a", { raftctl: [1, 5], etcd: [2, 6] }], ["b", { raftctl: [3, 7], etcd: [4, 8] }]]);
});

test("each suite has stores of its own, and one that compares with nothing has only raftctl", async () => {
  const { done, bench } = stage({ rounds: 1 });
  await runSuites([suiteOf({ stores: "own", steps: () => [step("a")] }), suiteOf({ steps: () => [step("b")] })], bench);
  expect(done).toEqual(["start raftctl", "a 1 raftctl", "stop raftctl", "start raftctl", "start etcd", "b 1 raftctl", "b 1 etcd", "stop raftctl", "stop etcd"]);
});

test("a step that fails says which, of which store, and every store is stopped", async () => {
  const { done, bench } = stage();
  const failing = suiteOf({ steps: () => [step("a", () => Promise.reject(new Error("no leader")))] });
  await expect(runSuites([failing], bench)).rejects.toThrow("a, raftctl: no leader");
  expect(done.slice(-2)).toEqual(["stop raftctl", "stop etcd"]);
});

test("a step that measures no number is a failure, and no figure", async () => {
  const { bench } = stage();
  await expect(runSuites([suiteOf({ steps: () => [step("a", async () => ({ a: 0 / 0 }))] })], bench)).rejects.toThrow("a, raftctl: a is NaN");
});

test("a signal ends the run while a step goes on, and every store is stopped, also one that was just being started", async () => {
  const stopping = new AbortController();
  const hanging = suiteOf({ steps: () => [step("a", () => new Promise(() => undefined))] });
  const { done, bench } = stage({ signal: stopping.signal });
  const running = runSuites([hanging], bench);
  await expect.poll(() => done.at(-1)).toBe("a 1 raftctl");
  stopping.abort(new Error("stopped by SIGINT"));
  await expect(running).rejects.toThrow("stopped by SIGINT");
  expect(done.slice(-2)).toEqual(["stop raftctl", "stop etcd"]);

  const early = stage({ signal: AbortSignal.abort(new Error("stopped early")) });
  await expect(runSuites([hanging], early.bench)).rejects.toThrow("stopped early");
  expect(early.done.filter((line) => line.startsWith("start")).length).toBe(early.done.filter((line) => line.startsWith("stop")).length);
});

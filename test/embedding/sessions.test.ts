// A command of a program is executed once, however often it has to be sent (S32, S112).

import { afterEach, describe, expect, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import { SystemClock } from "../../src/platform/system-clock.ts";
import { encodeAnswer, type SessionStamp } from "../../src/embedding/entry-codec.ts";
import { decodeEntry, encodeEntry, Executor, jsonCodec, type LogPosition } from "../../src/embedding/index.ts";
import { Requests } from "../../src/embedding/requests.ts";
import { answersBytesMax, sessionsMax, SessionTable } from "../../src/embedding/session-table.ts";
import { entryTypes } from "../../src/raft/entry.ts";
import { eventually } from "../platform/eventually.ts";
import { Counter, Counters } from "./counters.ts";

let counters: Counters;

describe("on three nodes", () => {
  afterEach(() => counters.stop());

  test("who sends an entry again with its session gets the first answer, on any node, under another leader and from a node that began with a snapshot", async () => {
    counters = await Counters.founded();
    const [other] = counters.followers;
    const request = { entry: { add: 5 }, session: other!.raft.newSession() };
    const first = await other!.raft.client(request);
    expect(first).toMatchObject({ result: 5 });
    await counters.leader.raft.client({ entry: { add: 1 } });
    for (const { raft } of counters.nodes) expect(await raft.client(request)).toEqual(first);
    await counters.leader.raft.takeSnapshot();
    const newcomer = await counters.join(other!.raft.id);
    await eventually(() => newcomer.raft.membership.voters.includes(newcomer.raft.id)).toBe(true);
    await counters.leader.raft.transferLeadership(newcomer.raft.id);
    expect(await newcomer.raft.client(request)).toEqual(first);
    await newcomer.raft.readable();
    expect(newcomer.counter.value).toBe(6);
  });

  test("an answer that was lost on its way from the leader is asked for again, and the command counts once", async () => {
    counters = await Counters.founded();
    await counters.leader.raft.client({ entry: { add: 1 } });
    const [asker] = counters.followers;
    counters.network.answersToLose = 3;
    expect((await asker!.raft.client({ entry: { add: 10 } })).result).toBe(11);
    expect(counters.network.answersToLose).toBe(0);
    expect((await asker!.raft.client({ entry: { add: 1 } })).result).toBe(12);
  });

  test("a refusal is an answer like any other: a repetition gets it, also when it would not be refused by then", async () => {
    counters = await Counters.founded(1);
    const { raft } = counters.leader;
    const request = { entry: { add: -1 }, session: raft.newSession() };
    const refused = await raft.client(request);
    expect(refused).toMatchObject({ refused: { code: "TOO_LOW" } });
    await raft.client({ entry: { add: 5 } });
    expect(await raft.client(request)).toEqual(refused);
  });

  test("what stays unknown says how to ask again, and that gives the answer", async () => {
    counters = await Counters.founded();
    const [asker] = counters.followers;
    counters.network.answersToLose = Number.POSITIVE_INFINITY;
    const error = await asker!.raft.client({ entry: { add: 3 }, timeoutMs: 300 }).catch((thrown: unknown) => thrown as RaftctlError) as RaftctlError;
    expect(error).toMatchObject({ code: "UNKNOWN_OUTCOME", outcome: "unknown", details: { session: { id: expect.stringMatching(/^\d+$/) as string } } });
    counters.network.answersToLose = 0;
    const { session } = error.details as { session: { id: string; sequence: number } };
    expect((await asker!.raft.client({ entry: { add: 3 }, session })).result).toBe(3);
    expect((await asker!.raft.client({ entry: { add: 1 } })).result).toBe(4);
  });

  test.each([{ id: "0", sequence: 1 }, { id: "18446744073709551616", sequence: 1 }, { id: "x", sequence: 1 }, { id: "1", sequence: 0 }, { id: "1", sequence: 1.5 }])("session %o is refused by its name", async (session) => {
    counters = await Counters.founded(1);
    await expect(counters.leader.raft.client({ entry: { add: 1 }, session })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

describe("a request", () => {
  const stampOf = (data: Uint8Array): SessionStamp => decodeEntry(jsonCodec, data).session!;
  const limits = { timeoutMs: 1_000, signal: undefined };

  /** Sends to a log that answers each attempt as it is told; undefined: the session was forgotten. */
  function requests(...answers: readonly (RaftctlError | { readonly index: number; readonly outcome: unknown })[]) {
    const sent: SessionStamp[] = [];
    const propose = async (data: Uint8Array) => {
      const answer = answers[sent.length]!;
      sent.push(stampOf(data));
      if (answer instanceof RaftctlError) throw answer;
      const position: LogPosition = { index: answer.index, term: 1 };
      return { ...position, forwardedTo: undefined, result: encodeAnswer(position, answer.outcome === undefined ? undefined : jsonCodec.encode(answer.outcome)) };
    };
    const made = new Requests({ gateway: { propose }, codec: jsonCodec, clock: new SystemClock(), stopped: new AbortController().signal, commitIndex: () => 10 });
    return { made, sent };
  }

  const done = { result: 1 };
  const unknown = new RaftctlError("UNKNOWN_OUTCOME", "no answer");

  test("of a session that was forgotten begins anew where the log is by then: nothing was done", async () => {
    const { made, sent } = requests({ index: 500, outcome: undefined }, { index: 501, outcome: done });
    expect(await made.applied("x", undefined, limits)).toEqual({ index: 501, term: 1, outcome: done });
    expect(sent.map(({ sequence }) => sequence)).toEqual([11, 501]);
    expect(sent[0]!.id).not.toBe(sent[1]!.id);
  });

  test("that was sent before and whose session is forgotten now stays unknown", async () => {
    const { made } = requests(unknown, { index: 500, outcome: undefined });
    await expect(made.applied("x", undefined, limits)).rejects.toMatchObject({ code: "UNKNOWN_OUTCOME", message: expect.stringContaining("forgotten") as string });
    const kept = requests({ index: 500, outcome: undefined });
    await expect(kept.made.applied("x", { id: "7", sequence: 3 }, limits)).rejects.toMatchObject({ code: "UNKNOWN_OUTCOME", details: { session: { id: "7", sequence: 3 } } });
  });

  test("goes on in the session of the one before when that has ended, and never in one whose request has no known end", async () => {
    const busy = new RaftctlError("BUSY", "later");
    const { made, sent } = requests({ index: 20, outcome: done }, { index: 21, outcome: done }, busy, { index: 22, outcome: done }, new RaftctlError("INTERNAL", "?"), { index: 23, outcome: done });
    for (let count = 0; count < 6; count += 1) await made.applied("x", undefined, limits).catch(() => undefined);
    const [one, two, refused, three, lost, fresh] = sent;
    expect([two, three]).toEqual([{ id: one!.id, sequence: 12 }, { id: one!.id, sequence: 13 }]);
    expect([refused, lost!.id]).toEqual([three, one!.id]);
    expect(fresh!.id).not.toBe(one!.id);
  });

  test("of which only commitment is awaited is not sent again once it may have been taken in, unless it has a name", async () => {
    const bare = requests();
    const propose = { calls: 0 };
    const made = new Requests({
      gateway: { propose: () => ((propose.calls += 1), Promise.reject(unknown)) }, codec: jsonCodec, clock: new SystemClock(), stopped: new AbortController().signal, commitIndex: () => 1,
    });
    await expect(made.committed("x", undefined, limits)).rejects.toBe(unknown);
    expect([propose.calls, bare.sent]).toEqual([1, []]);
    const { made: named, sent } = requests(unknown, { index: 9, outcome: done });
    expect(await named.committed("x", { id: "7", sequence: 3 }, limits)).toEqual({ index: 9, term: 1 });
    expect(sent).toHaveLength(2);
  });
});

describe("the table of sessions", () => {
  const answer = (bytes = 1): Uint8Array => new Uint8Array(bytes);

  test("executes what is new, repeats the last answer of a session, and executes nothing older", () => {
    const table = new SessionTable();
    table.remember({ id: 1n, sequence: 5 }, answer(3));
    expect(table.verdict({ id: 1n, sequence: 5 }, 50)).toEqual({ kind: "repeated", answer: answer(3) });
    expect(table.verdict({ id: 1n, sequence: 4 }, 50)).toEqual({ kind: "forgotten" });
    expect(table.verdict({ id: 1n, sequence: 6 }, 50)).toEqual({ kind: "new" });
    expect(table.verdict({ id: 2n, sequence: 1 }, 50)).toEqual({ kind: "new" });
  });

  test("forgets the session that was used longest ago, and executes nothing that one of those may have done", () => {
    const table = new SessionTable();
    for (let id = 1; id <= sessionsMax; id += 1) table.remember({ id: BigInt(id), sequence: id + 10 }, answer());
    table.remember({ id: 1n, sequence: sessionsMax + 20 }, answer());
    table.remember({ id: 99_999n, sequence: sessionsMax + 21 }, answer());
    expect(table.size).toBe(sessionsMax);
    expect(table.verdict({ id: 1n, sequence: sessionsMax + 20 }, 1e6).kind).toBe("repeated");
    expect(table.verdict({ id: 2n, sequence: 12 }, 1e6).kind).toBe("forgotten");
    expect(table.verdict({ id: 2n, sequence: 13 }, 1e6).kind).toBe("new");
  });

  test("has a bound in bytes, too, and keeps what is larger than all of it until the next one comes", () => {
    const table = new SessionTable();
    table.remember({ id: 1n, sequence: 1 }, answer(answersBytesMax / 2));
    table.remember({ id: 2n, sequence: 2 }, answer(answersBytesMax + 1));
    expect([table.size, table.verdict({ id: 2n, sequence: 2 }, 9).kind]).toEqual([1, "repeated"]);
    table.remember({ id: 3n, sequence: 3 }, answer());
    expect([table.size, table.verdict({ id: 3n, sequence: 3 }, 9).kind]).toEqual([1, "repeated"]);
  });

  test("nobody gets ahead of the log: such a number would have all others forgotten at its end", () => {
    expect(new SessionTable().verdict({ id: 1n, sequence: 51 }, 50).kind).toBe("forgotten");
  });

  test("is the same after a snapshot, down to who goes next", () => {
    const table = new SessionTable();
    for (const id of [3n, 1n, 2n]) table.remember({ id, sequence: 7 }, answer(Number(id)));
    table.remember({ id: 3n, sequence: 8 }, answer(9));
    const { sessions, rest } = SessionTable.decode(Uint8Array.from([...table.encode(), 1, 2, 3]));
    expect([sessions.encode(), rest]).toEqual([table.encode(), Uint8Array.of(1, 2, 3)]);
  });
});

test("an executor that was restored from a snapshot repeats what the first one answered", () => {
  const [first, second] = [new Executor(new Counter(), jsonCodec), new Executor(new Counter(), jsonCodec)];
  const entry = (index: number) => ({ index, term: 1, type: entryTypes.command, data: encodeEntry(jsonCodec, { add: 2 }, { id: 5n, sequence: 1 }) });
  const answer = first.apply(entry(1));
  expect(first.apply(entry(2))).toEqual(answer);
  second.restore(first.snapshot());
  expect(second.apply(entry(3))).toEqual(answer);
  expect(second.snapshot()).toEqual(first.snapshot());
  expect(Executor.isWhole(first.snapshot().subarray(1))).toBe(false);
});

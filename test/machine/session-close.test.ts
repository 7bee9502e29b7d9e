// Sessions that somebody closes, and the list of those that there are.

import { describe, expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { sequenceLeadMax } from "../../src/machine/sessions.ts";
import type { Command, SessionStamp } from "../../src/wire/command.ts";
import { contentOf, put, stamp, text } from "./bytes-of.ts";
import { SessionBench as Bench } from "./session-bench.ts";

describe("closing (S112)", () => {
  const close = (id: number, by?: SessionStamp): Command => ({ operation: "sessionClose", target: BigInt(id), session: by });
  const sessionRows = (bench: Bench, id: number): number =>
    contentOf(bench.store).filter(([key]) => /^2[01]/.test(key) && key.slice(2, 18) === id.toString(16).padStart(16, "0")).length;

  test("forgets what the session was answered, and none of its numbers up to there is executed any more, also after a restart and on another node (H37)", async () => {
    const bench = new Bench();
    bench.run(put("a", "1", { session: stamp(7, 1) }));
    for (const sequence of [2, 3, 300]) bench.run(put("a", "1", { session: stamp(7, sequence), wantPrevious: true }));
    expect(sessionRows(bench, 7)).toBe(5);
    bench.run(put("other", "1", { session: stamp(8, 5) }));
    bench.pass(395);
    expect(bench.run(close(7))).toMatchObject({ status: "ok", index: 401, deleted: 4 });
    expect(sessionRows(bench, 7)).toBe(1);
    for (const moves of [false, true]) {
      for (const sequence of [1, 3, 4, 299, 300, 301, 401]) expect([sequence, bench.run(put("a", "late", { session: stamp(7, sequence) })).status]).toEqual([sequence, "sessionExpired"]);
      expect(bench.run({ operation: "settle", session: stamp(7, 300) }).status).toBe("sessionExpired");
      if (moves) await bench.move();
      else bench.restart();
    }
    expect(text(bench.machine.get(utf8("a"))?.value)).toBe("1");
    expect(bench.run(put("other", "1", { session: stamp(8, 5) }))).toMatchObject({ status: "ok", index: 5 });
  });

  test("takes nothing from anybody else: who begins where the log was before is let in, however high the numbers were that the session had used", () => {
    const bench = new Bench();
    bench.run(put("a", "1", { session: stamp(7, 1 + sequenceLeadMax) }));
    expect(bench.run(close(7)).status).toBe("ok");
    expect(bench.run(put("b", "1", { session: stamp(9, 1) })).status).toBe("ok");
    expect(bench.run(put("a", "again", { session: stamp(7, 1 + sequenceLeadMax) })).status).toBe("sessionExpired");
  });

  test("a session that is closed may come back with a number above, remembers it, and is closed again; one that is not there is not found", () => {
    const bench = new Bench();
    expect(bench.run(close(7))).toMatchObject({ status: "sessionNotFound", index: 1 });
    bench.run(put("a", "1", { session: stamp(7, 1) }));
    expect([bench.run(close(7)).status, bench.run(close(7)).status]).toEqual(["ok", "sessionNotFound"]);
    expect(bench.machine.sessionPage(1n, 9).sessions).toEqual([]);
    expect(bench.run(put("a", "2", { session: stamp(7, 4) })).status).toBe("ok");
    bench.restart();
    expect(bench.run(put("a", "2", { session: stamp(7, 4) }))).toMatchObject({ status: "ok", version: 2 });
    expect(bench.run(put("a", "2", { session: stamp(7, 3) })).status).toBe("sessionExpired");
    expect(bench.run(close(7)).status).toBe("ok");
    expect(bench.run(put("a", "2", { session: stamp(7, 4) })).status).toBe("sessionExpired");
  });

  test("the one who closes it is answered the same again, and remembers it in his own session", () => {
    const bench = new Bench();
    bench.run(put("a", "1", { session: stamp(7, 1) }));
    const closing = close(7, stamp(9, 2));
    const answer = bench.run(closing);
    expect(answer).toMatchObject({ status: "ok", index: 2, deleted: 1 });
    bench.restart();
    expect(bench.run(closing)).toEqual(answer);
  });

  test("a closed session makes room and expires as any other does, and what it had used stays expired then", () => {
    const bench = new Bench({ sessionsMax: 2 });
    bench.run(put("a", "1", { session: stamp(7, 1) }));
    bench.run(put("b", "1", { session: stamp(8, 2) }));
    bench.run(close(7));
    for (const moves of [3, 4]) bench.run(put("c", "1", { session: stamp(moves + 90, moves + 1) }));
    expect(bench.machine.sessionCount).toBe(2);
    for (const sequence of [1, 2, 3]) expect(bench.run(put("a", "again", { session: stamp(7, sequence) })).status).toBe("sessionExpired");
    expect(bench.machine.get(utf8("a"))?.version).toBe(1);
  });
});

describe("the list of sessions", () => {
  test("tells of each its last number and use, how many results it remembers and what they take, in the order of ids and page by page", () => {
    const bench = new Bench();
    for (const [id, sequence] of [[9, 1], [7, 2], [8, 3], [7, 4]] as const) bench.run(put("a", "x".repeat(100), { session: stamp(id, sequence), wantPrevious: true }));
    bench.run(put("b", "1"));
    const page = bench.machine.sessionPage(1n, 2);
    const none = { usedAfter: undefined, lastsUntil: undefined };
    const [slots, large] = [12 + 8 * 32, 4 + 24 + 24 + 100];
    expect(page).toEqual({ sessions: [{ id: 7n, sequenceMax: 4, lastUse: 4, results: 2, bytes: slots + 2 * large, ...none }, { id: 8n, sequenceMax: 3, lastUse: 3, results: 1, bytes: slots + large, ...none }], more: true });
    expect(bench.machine.sessionPage(9n, 2)).toEqual({ sessions: [{ id: 9n, sequenceMax: 1, lastUse: 1, results: 1, bytes: slots, ...none }], more: false });
    expect(bench.machine.sessionPage(10n, 2)).toEqual({ sessions: [], more: false });
  });

  test("a page ends when much has been counted for it, and the next one goes on behind it", () => {
    const bench = new Bench();
    bench.run(put("a", "x".repeat(4_000)));
    const perSession = 600;
    for (const id of [1, 2]) for (let sequence = 1; sequence <= perSession; sequence += 1) bench.run(put("a", "x".repeat(4_000), { session: stamp(id, sequence), wantPrevious: true }));
    const first = bench.machine.sessionPage(1n, 9);
    expect([first.sessions.map(({ id }) => id), first.more]).toEqual([[1n], true]);
    expect(bench.machine.sessionPage(2n, 9)).toMatchObject({ sessions: [{ id: 2n, results: perSession }], more: false });
  });

  test("says from when on it was not used at the earliest, and until when it lasts at least; it is there until then and gone soon after (S112)", () => {
    const [hour, begin] = [3_600_000, 1_800_000_000_000];
    const bench = new Bench();
    bench.raw(put("a", "1", { session: stamp(7, 1) }), begin);
    bench.raw(put("a", "1", { session: stamp(8, 2) }), begin + 1_000);
    const times = (): unknown => bench.machine.sessionPage(1n, 9).sessions.map(({ usedAfter, lastsUntil }) => [usedAfter! - begin, lastsUntil! - begin]);
    expect(times()).toEqual([[0, hour], [0, hour + hour / 12]]);
    bench.raw(put("b", "1"), begin + hour / 12);
    expect(times()).toEqual([[0, hour], [0, hour + hour / 12]]);
    bench.raw(put("b", "1"), begin + hour - 1);
    expect(bench.machine.sessionCount).toBe(2);
    bench.raw(put("b", "1"), begin + hour + hour / 12 - 1);
    expect(times()).toEqual([[0, hour + hour / 12]]);
    bench.raw(put("b", "1"), begin + hour + hour / 6);
    expect(bench.machine.sessionCount).toBe(0);
  });
});

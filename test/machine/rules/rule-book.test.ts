// Rules at work on a leader's log (S34, S35): what is let in, refused, or has to wait for an entry before it, with a real machine behind the log.

import { describe, expect, test } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { MemoryStore } from "../../../src/machine/memory-store.ts";
import { compileRule } from "../../../src/machine/rules/rule.ts";
import { RuleSet, rulesSetting } from "../../../src/machine/rules/rule-set.ts";
import { encodeCommand } from "../../../src/wire/command.ts";
import { del, put, stamp } from "../bytes-of.ts";
import { Leader, ruled, user, users } from "./leader.ts";

describe("what a value must be", () => {
  test("is decided for the key and the value alone, by every rule whose prefix the key begins with (S34)", () => {
    const leader = ruled({ prefix: "", maxKeyBytes: 8 }, { prefix: "app/", maxValueBytes: 4 }, { prefix: "app/x", schema: { type: "integer" } });
    expect(leader.offer(put("app/a", "1234"))).toBe("in");
    expect(leader.offer(put("app/a", "12345"))).toBe("REJECTED");
    expect(leader.offer(put("app/x", "12"))).toBe("in");
    expect(leader.offer(put("app/x", "12345"))).toBe("REJECTED");
    expect(leader.offer(put("app/x", "\"a\""))).toBe("REJECTED");
    expect(leader.offer(put("other", "1234567"))).toBe("in");
    expect(leader.offer(put("123456789", ""))).toBe("REJECTED");
    expect(leader.lastIndex).toBe(4);
  });

  test("deletes and settings are never refused, and neither is what is no command at all", () => {
    const leader = ruled({ prefix: "", maxKeyBytes: 0, schema: false });
    expect([leader.offer(put("a", "1")), leader.offer(del("a")), leader.offer({ operation: "deleteRange", start: utf8(""), end: undefined })]).toEqual(["REJECTED", "in", "in"]);
    expect(leader.offer({ operation: "set", key: utf8("quota.bytes"), value: utf8("1") })).toBe("in");
    expect(leader.judge(utf8("nonsense"))).toBeUndefined();
  });

  test("a refusal names rule, prefix, key, place and reason (S37)", () => {
    const leader = ruled({ prefix: "users/", schema: { properties: { age: { minimum: 18 } } } });
    const error = leader.refusal(put("users/a", "{\"age\":3}"));
    expect([error.code, error.exit, error.retryable]).toEqual(["REJECTED", 7, false]);
    expect(error.message).toBe('"users/a" breaks the rule for "users/" (schema): the value at /age is below 18');
    expect(error.details).toEqual({ rule: "schema", prefix: "users/", key: "users/a", keyEncoding: "utf8", path: "/age", reason: "is below 18" });
    const binary = leader.refusal({ ...put("", "1"), key: Uint8Array.of(...utf8("users/"), 0xff), value: utf8("nonsense") });
    expect(binary.details).toMatchObject({ key: "75736572732fff", keyEncoding: "hex", reason: "is not JSON" });
  });
});

describe("a unique field", () => {
  test("is held by one key, of what is applied and of what is in the log before it alike (S35)", () => {
    const leader = ruled(users);
    expect(leader.offer(put("users/a", user("x")))).toBe("in");
    expect(leader.offer(put("users/b", user("x")))).toBe("REJECTED");
    expect(leader.refusal(put("users/b", user("x"))).details).toMatchObject({ rule: "unique", path: "/email", heldBy: "users/a" });
    leader.apply();
    expect(leader.offer(put("users/b", user("x")))).toBe("REJECTED");
    expect(leader.offer(put("users/a", user("x", { age: 1 })))).toBe("in");
    expect(leader.offer(put("users/b", user("y")))).toBe("in");
    expect(leader.offer(put("elsewhere", user("x")))).toBe("in");
    expect(leader.lastIndex).toBe(5);
  });

  test("is free again when its key was overwritten or deleted and that is applied; before, whoever wants it waits for just that", () => {
    const leader = ruled(users);
    leader.offer(put("users/a", user("x")));
    leader.offer(put("users/c", user("z")));
    leader.apply();
    expect(leader.offer(put("users/a", user("y")))).toBe("in");
    expect(leader.offer(put("users/b", user("x")))).toBe("after 4");
    expect(leader.offer(del("users/c"))).toBe("in");
    expect(leader.offer(put("users/b", user("z")))).toBe("after 5");
    leader.apply(4);
    expect(leader.offer(put("users/b", user("x")))).toBe("in");
    leader.apply();
    expect(leader.offer(put("users/d", user("z")))).toBe("in");
    leader.offer({ operation: "deleteRange", start: utf8("users/a"), end: utf8("users/b") });
    expect(leader.offer(put("users/b", user("y")))).toBe("after 8");
    expect(leader.offer(put("users/b", user("x")))).toBe("in");
    leader.apply();
    expect(leader.offer(put("users/b", user("y")))).toBe("in");
  });

  test("that a conditional write in the log may take is neither given to another nor refused to it before that is known", () => {
    const leader = ruled(users);
    expect(leader.offer(put("users/a", user("x"), { condition: { kind: "version", version: 7 } }))).toBe("in");
    expect(leader.offer(put("users/b", user("x")))).toBe("after 2");
    leader.apply();
    expect(leader.offer(put("users/b", user("x")))).toBe("in");
    expect(leader.offer(put("users/a", user("x"), { condition: { kind: "absent" } }))).toBe("REJECTED");
  });

  test("that a key keeps through writes that may or may not happen is refused at once", () => {
    const leader = ruled(users);
    leader.offer(put("users/a", user("x")));
    leader.apply();
    leader.offer(put("users/a", user("x", { age: 2 }), { condition: { kind: "version", version: 1 } }));
    expect(leader.offer(put("users/b", user("x")))).toBe("REJECTED");
  });

  test("compares texts, numbers and truth values as JSON does; null and nothing are free, and what cannot be compared is refused", () => {
    const leader = ruled({ prefix: "", unique: ["/a/b"] });
    const offer = (key: string, b: unknown): string => leader.offer(put(key, JSON.stringify({ a: { b } })));
    expect([offer("1", "1"), offer("2", 1), offer("3", true), offer("4", "true"), offer("5", 1.5)]).toEqual(["in", "in", "in", "in", "in"]);
    expect([leader.offer(put("6", '{"a":{"b":1.0}}')), leader.offer(put("6", '{"a":{"b":"\\u0031"}}')), offer("6", 0), leader.offer(put("7", '{"a":{"b":-0}}'))]).toEqual(["REJECTED", "REJECTED", "in", "REJECTED"]);
    expect([offer("8", null), offer("9", null), leader.offer(put("10", "{}")), leader.offer(put("11", "[]")), leader.offer(put("12", '{"a":[1]}'))]).toEqual(["in", "in", "in", "in", "in"]);
    expect([offer("13", []), offer("13", {}), offer("13", "x".repeat(257)), leader.offer(put("13", "no JSON"))]).toEqual(["REJECTED", "REJECTED", "REJECTED", "REJECTED"]);
    expect([offer("14", "x".repeat(256)), offer("15", "x".repeat(256))]).toEqual(["in", "REJECTED"]);
    expect([leader.offer(put("16", '{"a":{"__proto__":1}}')), leader.offer(put("17", '{"__proto__":{"b":1}}'))]).toEqual(["in", "in"]);
  });

  test("survives a change of leaders: the log that a new leader inherited counts before it is applied", () => {
    const leader = ruled(users);
    leader.offer(put("users/a", user("x")));
    leader.term = 2;
    leader.log.push({ index: 3, term: 2, type: 0, data: new Uint8Array() });
    expect(leader.offer(put("users/b", user("x")))).toBe("REJECTED");
    // A leader of a later term whose log lacks the entry.
    leader.log.splice(1);
    leader.term = 4;
    expect(leader.offer(put("users/b", user("x")))).toBe("in");
  });

  test("is enforced at once by a node that was started with the rule in its state, after its values were read piece by piece", () => {
    const store = new MemoryStore();
    const before = new Leader(store);
    before.set(users);
    for (let number = 0; number < 1_000; number += 1) before.offer(put(`users/${number}`, user(`x${number}`)));
    before.apply();
    const leader = new Leader(store);
    leader.log.push(...before.log);
    leader.term = 5;
    expect(leader.offer(put("users/new", user("x999")))).toBe("after Infinity");
    expect(leader.offer(put("elsewhere", user("x")))).toBe("in");
    leader.offer(del("users/7"));
    leader.apply();
    leader.settle();
    expect(leader.book.indexReports(leader.book.rules.rules[0]!)).toEqual([{ field: "/email", keys: 999, isComplete: true }]);
    expect([leader.offer(put("users/new", user("x999"))), leader.offer(put("users/new", user("x7")))]).toEqual(["REJECTED", "in"]);
  });

  test("is read anew when an image replaced the state", async () => {
    const source = ruled(users);
    source.offer(put("users/a", user("x")));
    source.apply();
    const leader = new Leader();
    leader.set({ prefix: "users/", maxValueBytes: 100 });
    leader.apply();
    using image = Object.assign(source.machine.image(), { [Symbol.dispose]: () => undefined });
    await leader.machine.restore(image, (async function* chunks() { yield* image.chunks(); })());
    leader.log.splice(0, leader.log.length, ...source.log);
    leader.term = 9;
    expect(leader.offer(put("users/b", user("x")))).toBe("after Infinity");
    leader.settle();
    expect([leader.offer(put("users/b", user("x"))), leader.offer(put("users/b", user("y")))]).toEqual(["REJECTED", "in"]);
  });
});

describe("an immutable key", () => {
  test("can be made and deleted, not changed, and a write that could only make it is judged by its own condition", () => {
    const leader = ruled({ prefix: "i/", immutable: true });
    expect([leader.offer(put("i/a", "1")), leader.offer(put("i/a", "1"))]).toEqual(["in", "REJECTED"]);
    leader.apply();
    expect([leader.offer(put("i/a", "2")), leader.offer(put("i/a", "2", { condition: { kind: "absent" } })), leader.offer(put("i/a", "2", { condition: { kind: "version", version: 0 } }))]).toEqual(["REJECTED", "in", "in"]);
    expect(leader.refusal(put("i/a", "2")).details).toMatchObject({ rule: "immutable", reason: "is there already, and may not be changed" });
    leader.offer(del("i/a"));
    expect(leader.offer(put("i/a", "3"))).toBe("after 5");
    leader.apply();
    expect(leader.offer(put("i/a", "3"))).toBe("in");
  });

  test("that a conditional write may make is decided when that is known", () => {
    const leader = ruled({ prefix: "i/", immutable: true });
    leader.offer(put("i/a", "1", { condition: { kind: "absent" } }));
    expect(leader.offer(put("i/a", "2"))).toBe("after 2");
    leader.apply();
    expect(leader.offer(put("i/a", "2"))).toBe("REJECTED");
    leader.offer({ operation: "deleteRange", start: utf8("i/"), end: undefined });
    expect(leader.offer(put("i/a", "2"))).toBe("after 3");
  });
});

describe("a repetition of a session's request", () => {
  const first = put("i/a", "1", { session: stamp(1, 1) });

  test("gets its first answer although it would break the rule by now: it is let in when it was executed, and waits while it is in the log", () => {
    const leader = ruled({ prefix: "i/", immutable: true });
    expect(leader.offer(first)).toBe("in");
    expect(leader.offer(first)).toBe("after 2");
    leader.apply();
    expect(leader.offer(first)).toBe("in");
    expect(leader.offer(put("i/a", "1", { session: stamp(1, 2) }))).toBe("REJECTED");
  });

  test("is not refused by a rule that came after it", () => {
    const leader = ruled({ prefix: "other/", immutable: true });
    leader.offer(first);
    expect(leader.set({ prefix: "i/", maxValueBytes: 0 })).toBe("in");
    expect(leader.offer(first)).toBe("after 2");
    leader.apply();
    expect(leader.offer(first)).toBe("in");
    expect(leader.offer(put("i/b", "1", { session: stamp(1, 2) }))).toBe("REJECTED");
  });

  test("of a put that was overwritten since does not count as if it happened again", () => {
    const leader = ruled(users);
    const again = put("users/a", user("x"), { session: stamp(1, 1) });
    leader.offer(again);
    leader.apply();
    leader.offer(put("users/a", user("y"), { session: stamp(1, 2) }));
    leader.apply();
    expect(leader.offer(again)).toBe("in");
    expect(leader.offer(put("users/b", user("x")))).toBe("after 4");
    leader.apply();
    expect(leader.offer(put("users/b", user("x")))).toBe("in");
  });

  test("a stamp that is too far ahead to be executed takes nothing away", () => {
    const leader = ruled(users);
    leader.offer(put("users/a", user("x"), { session: stamp(1, 100_000) }));
    expect(leader.offer(put("users/b", user("x")))).toBe("after 2");
    leader.apply();
    expect(leader.offer(put("users/b", user("x")))).toBe("in");
  });
});

describe("setting a rule", () => {
  test("holds from its entry on, before it is applied, and ends with the entry that takes it away", () => {
    const leader = new Leader();
    leader.offer(put("users/a", "no JSON"));
    expect(leader.set({ prefix: "users/", schema: { type: "object" } })).toBe("in");
    expect(leader.offer(put("users/b", "no JSON"))).toBe("REJECTED");
    leader.apply();
    expect(leader.offer({ operation: "set", key: utf8(rulesSetting), value: leader.book.rules.without("users/").encode() })).toBe("in");
    expect(leader.offer(put("users/b", "no JSON"))).toBe("in");
  });

  test("over values that are not unique is refused, and names the keys", () => {
    const leader = new Leader();
    for (const key of ["users/a", "users/b", "users/c"]) leader.offer(put(key, user("x")));
    leader.apply();
    expect(leader.set(users)).toBe("CONFLICT");
    const rule = compileRule(users);
    expect(leader.book.contradiction(rule)?.details).toEqual({ rule: "unique", prefix: "users/", path: "/email", duplicates: [{ value: '"x"', keys: ["users/a", "users/b", "users/c"] }] });
  });

  test("waits for writes in the log that could break it, and for no others", () => {
    const leader = new Leader();
    leader.offer(put("users/a", user("x")));
    leader.apply();
    leader.offer(put("users/b", user("y")));
    expect(leader.set(users)).toBe("in");
    const second = new Leader();
    second.offer(put("users/a", user("x")));
    second.apply();
    second.offer(put("users/b", user("x")));
    expect(second.set(users)).toBe("after 2");
    second.apply();
    expect(second.set(users)).toBe("CONFLICT");
  });

  test("is refused while its values are not read, and when somebody else changed the rules meanwhile", () => {
    const leader = new Leader();
    const rule = compileRule(users);
    const next = { operation: "set", key: utf8(rulesSetting), value: RuleSet.none.with(rule).encode() } as const;
    expect(leader.offer(next)).toBe("BUSY");
    leader.book.prepare(rule);
    expect(leader.offer(next)).toBe("BUSY");
    leader.settle();
    expect(leader.offer(next)).toBe("in");
    expect(leader.offer(next)).toBe("CHANGE_IN_PROGRESS");
    leader.apply();
    expect(leader.offer(next)).toBe("CHANGE_IN_PROGRESS");
    leader.book.release(rule);
    expect(leader.book.isPrepared(leader.book.rules.rules[0]!)).toBe(true);
  });

  test("a rule that nobody set after all leaves nothing behind, and nothing is kept without rules", () => {
    const leader = new Leader();
    const rule = compileRule(users);
    leader.book.prepare(rule);
    leader.settle();
    expect(leader.book.isPrepared(rule)).toBe(true);
    leader.book.release(rule);
    expect(leader.book.isPrepared(rule)).toBe(false);
    let looked = 0;
    leader.offer(put("a", "1"));
    leader.book.validate(encodeCommand(put("a", "1")), { currentTerm: 1, lastIndex: 1, entriesBetween: () => ((looked += 1), []) });
    expect(looked).toBe(0);
  });
});

// Rules and the commands that write several keys at once, or keys that they do not name: transactions, and leases that end.

import { describe, expect, test } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { del, put, txn } from "../bytes-of.ts";
import { ruled, user, users } from "./leader.ts";

describe("a transaction", () => {
  const isVersion = (key: string, number: number) => ({ key: utf8(key), target: "version", relation: "equal", number }) as const;

  test("is refused for a put of either side that breaks a rule, since nobody knows yet which side is taken", () => {
    const leader = ruled({ prefix: "app/", maxValueBytes: 3 });
    const [small, large] = [put("app/a", "123"), put("app/a", "1234")];
    expect(leader.offer(txn({ compare: [isVersion("k", 0)], then: [small], else: [small] }))).toBe("in");
    expect(leader.offer(txn({ compare: [isVersion("k", 0)], then: [small], else: [large] }))).toBe("REJECTED");
    expect(leader.offer(txn({ compare: [isVersion("k", 0)], then: [put("k", "x"), large], else: [] }))).toBe("REJECTED");
    expect(leader.offer(txn({ then: [del("app/a"), put("app/b", "1")], else: [large] }))).toBe("in");
  });

  test("that moves a unique value from one key to another is one step, and two such values in one side are one too many (S35)", () => {
    const leader = ruled(users);
    leader.offer(put("users/a", user("x")));
    leader.apply();
    expect(leader.offer(put("users/b", user("x")))).toBe("REJECTED");
    expect(leader.offer(txn({ then: [put("users/c", user("y")), put("users/d", user("y"))] }))).toBe("REJECTED");
    expect(leader.offer(txn({ then: [del("users/a"), put("users/b", user("x"))] }))).toBe("in");
    leader.apply();
    expect(leader.offer(put("users/c", user("x")))).toBe("REJECTED");
  });

  test("in the log keeps others from what either of its sides would take, until it is applied (S35)", () => {
    const leader = ruled(users);
    expect(leader.offer(txn({ compare: [isVersion("k", 1)], then: [put("users/a", user("x"))], else: [put("users/a", user("y"))] }))).toBe("in");
    const waits = `after ${leader.lastIndex}`;
    expect([leader.offer(put("users/b", user("x"))), leader.offer(put("users/b", user("y"))), leader.offer(put("users/b", user("z")))]).toEqual([waits, waits, "in"]);
    leader.apply();
    expect([leader.offer(put("users/c", user("x"))), leader.offer(put("users/c", user("y")))]).toEqual(["in", "REJECTED"]);
  });
});

describe("a lease that ends", () => {
  test("frees the unique values of its keys once that is applied, and of no others (S35)", () => {
    const leader = ruled(users);
    leader.offer({ operation: "leaseGrant", lease: 7n, ttlMs: 1_000 });
    leader.offer(put("users/a", user("x"), { lease: 7n }));
    leader.offer(put("users/b", user("y")));
    leader.apply();
    expect(leader.offer({ operation: "leaseRevoke", lease: 7n })).toBe("in");
    expect(leader.offer(put("users/c", user("x")))).toBe(`after ${leader.lastIndex}`);
    leader.apply();
    expect([leader.offer(put("users/c", user("x"))), leader.offer(put("users/d", user("y")))]).toEqual(["in", "REJECTED"]);
  });

  test("may have ended before a put that names it: who wants the same value waits for that (S35)", () => {
    const leader = ruled(users);
    leader.offer(put("users/a", user("x"), { lease: 7n }));
    expect(leader.offer(put("users/b", user("x")))).toBe(`after ${leader.lastIndex}`);
    leader.apply();
    expect(leader.offer(put("users/b", user("x")))).toBe("in");
  });
});

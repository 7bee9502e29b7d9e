import { expect, test } from "vitest";
import { MembershipHistory } from "../../src/raft/membership-history.ts";
import { membershipOf } from "./harness/members.ts";

const [one, two, three] = [["n1"], ["n1", "n2"], ["n1", "n2", "n3"]].map((voters) => membershipOf({ voters }));

test("a snapshot keeps the memberships behind it exactly when the log behind it stays (H28, H33)", () => {
  for (const [keepsSuffix, current, currentIndex] of [[true, three, 9], [false, two, 6]] as const) {
    const history = new MembershipHistory(0, one!);
    history.append(4, two!);
    history.append(9, three!);
    history.restore(6, two!, keepsSuffix);
    expect([history.current, history.currentIndex]).toEqual([current, currentIndex]);
    expect(history.at(8)).toEqual(two);
  }
});

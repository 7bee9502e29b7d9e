import { expect, test } from "vitest";
import { Lone } from "./harness/lone.ts";
import { membershipOf, pristine } from "./harness/members.ts";

const voters = ["n1", "n2", "n3"];

test("a majority of all members without a majority of the voters confirms no read (S39, H22)", () => {
  const lone = new Lone("n1", pristine(membershipOf({ voters, learners: ["n4", "n5"] })));
  lone.becomeLeader(voters);
  lone.acknowledge("n2");
  lone.input({ kind: "read", ticket: 1 });
  lone.tick(20);
  for (const learner of ["n4", "n5"]) lone.acknowledge(learner);
  expect(lone.answers()).toEqual([]);
  lone.acknowledge("n2");
  expect(lone.answers()).toMatchObject([{ kind: "readable", ticket: 1 }]);
});

// Bugs in linearizable reads, in the core and on the host (§8, diss. §6.4).

import type { Mutant } from "../mutant.ts";

const core = ["test/raft/reads.test.ts", "test/raft/interaction.test.ts"];
const host = ["test/host/reads.test.ts", "test/host/waiting.test.ts"];

export const readMutants: readonly Mutant[] = [
  {
    name: "read-without-a-quorum",
    breaks: ["H22", "S118"],
    file: "src/raft/reads.ts",
    find: "id === state.id ? reads.round : (leadership.progress(id)?.confirmedRound ?? 0)",
    replace: 'id === "" ? 0 : reads.round',
    tests: core,
  },
  {
    name: "any-answer-confirms-the-latest-round",
    breaks: ["H22"],
    file: "src/raft/acknowledgement.ts",
    find: "Math.max(progress.confirmedRound, response.round)",
    replace: "leadership.reads.round",
    tests: core,
  },
  {
    name: "round-that-never-began-believed",
    breaks: ["H22"],
    file: "src/raft/acknowledgement.ts",
    find: "response.round > leadership.reads.round || ",
    replace: "",
    tests: core,
  },
  {
    name: "read-before-the-first-commit-of-the-term",
    breaks: ["H21", "S110"],
    file: "src/raft/reads.ts",
    find: "!state.termCommitted || !leadership.reads.wantsRound",
    replace: "!leadership.reads.wantsRound",
    tests: core,
  },
  {
    name: "term-counts-as-committed-at-once",
    breaks: ["H21", "H26"],
    file: "src/raft/state.ts",
    find: "return this.leadership !== undefined && this.commitIndex >= this.leadership.noopIndex;",
    replace: "return this.leadership !== undefined;",
    tests: ["test/raft/reads.test.ts", "test/raft/paper-extensions.test.ts"],
  },
  {
    name: "read-joins-a-round-under-way",
    breaks: ["S118", "H22"],
    file: "src/raft/read-index.ts",
    find: "this.#waiting.push(ticket);",
    replace: "((this.#rounds.at(-1)?.tickets as Ticket[] | undefined) ?? this.#waiting).push(ticket);",
    tests: core,
  },
  {
    name: "deposed-leader-answers-its-reads",
    breaks: ["H22", "S118"],
    file: "src/raft/transitions.ts",
    find: 'for (const ticket of leadership.reads.drain()) state.refuse(ticket, "NOT_LEADER", `leadership was lost: ${reason}`);',
    replace: 'for (const ticket of leadership.reads.drain()) state.outbox.answers.push({ kind: "readable", ticket, index: state.commitIndex });',
    tests: ["test/raft/leader.test.ts"],
  },
  {
    name: "read-served-before-it-is-applied",
    breaks: ["H23"],
    file: "src/host/reads.ts",
    find: "else this.#confirmed.push({ index, round });",
    replace: "else round.resolve(index);",
    tests: host,
  },
  {
    name: "read-of-a-follower-served-before-it-is-applied",
    breaks: ["H23"],
    file: "src/host/leader-gateway.ts",
    find: "return await this.#raft.waitForApplied(index, timeoutMs);",
    replace: "return index;",
    tests: host,
  },
  {
    name: "read-of-a-follower-joins-an-earlier-question",
    breaks: ["S118"],
    file: "src/host/leader-gateway.ts",
    find: "if (this.#asking === undefined) return (this.#asking = this.#ask(timeoutMs));",
    replace: "if (timeoutMs >= 0) return (this.#asking ??= this.#ask(timeoutMs));",
    tests: host,
  },
  {
    name: "committed-counts-as-applied",
    breaks: ["H23", "S119"],
    file: "src/host/region.ts",
    find: "this.#milestones.committed(commitIndex);",
    replace: "this.#milestones.applied(commitIndex);",
    tests: host,
  },
  {
    name: "learner-confirms-reads",
    breaks: ["S39", "H22"],
    file: "src/raft/reads.ts",
    find: "const confirmed = quorumValue(state.membership, (id) =>",
    replace: "const confirmed = quorumValue({ voters: state.membership.members.map(({ id }) => id), votersOutgoing: [] }, (id) =>",
    tests: ["test/raft/learner-answers.test.ts", ...core],
  },
];

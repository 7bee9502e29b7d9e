// Bugs in leadership transfer (diss. §3.10).

import type { Mutant } from "../mutant.ts";

const tests = ["test/raft/leadership-transfer.test.ts", "test/raft/paper-extensions.test.ts"];

export const transferMutants: readonly Mutant[] = [
  {
    name: "target-asked-before-it-holds-the-log",
    breaks: ["H31"],
    file: "src/raft/leadership-transfer.ts",
    find: "if (leadership.progress(transfer.target)?.matchIndex !== state.log.lastIndex) return;",
    replace: "",
    tests,
  },
  {
    name: "proposals-taken-during-a-transfer",
    breaks: ["H31"],
    file: "src/raft/raft.ts",
    find: "if (transfer !== undefined) return",
    replace: "if (transfer !== undefined && state.now < 0) return",
    tests,
  },
  {
    name: "transfer-never-given-up",
    breaks: ["H31"],
    file: "src/raft/leadership-transfer.ts",
    find: "const deadline = state.now + state.options.electionTimeout;",
    replace: "const deadline = state.now + 1e6 * state.options.electionTimeout;",
    tests,
  },
  {
    name: "transferred-vote-refused-by-stickiness",
    breaks: ["H31"],
    file: "src/raft/follower.ts",
    find: "state.mayCampaign) startElection(state, true);",
    replace: "state.mayCampaign) startElection(state, false);",
    tests,
  },
  {
    name: "timeout-now-from-anybody",
    breaks: ["H31", "T12"],
    file: "src/raft/follower.ts",
    find: "if (!followsAnother(state, from) && state.mayCampaign)",
    replace: "if (state.mayCampaign)",
    tests,
  },
  {
    name: "leadership-handed-to-a-learner",
    breaks: ["H29", "H31"],
    file: "src/raft/leadership-transfer.ts",
    find: "if (!state.membership.voters.includes(target)) return",
    replace: "if (state.now < 0) return",
    tests,
  },
];

// The conditions of `raftctl wait`, as a small language: a word (`leader`, `healthy`, `ready`) or a quantity of the region compared with a number
// (`voters=3`, `members>=3`, `learners=0`, `applied>=100`, `term>=2`, `lag<10`, `tolerance>=1`). `applied=N` means "at least N": an index that was
// passed is reached. Each unmet condition says what is there instead.

import { RaftctlError } from "../base/errors.ts";
import type { HealthReport, NodeStatus, RegionReport } from "../wire/admin-protocol.ts";
import { electionText } from "./status-view.ts";

export interface Observation {
  readonly status: NodeStatus;
  readonly health: HealthReport;
  readonly region: string;
}

export interface Condition {
  /** As it was typed. */
  readonly text: string;
  /** undefined when it holds, else what is there instead. */
  unmet(observation: Observation): string | undefined;
}

const words: Readonly<Record<string, (observation: Observation) => string | undefined>> = {
  leader: (observation) => withRegion(observation, (region) => leaderMissing(region) ?? leaderUnconfirmed(observation)),
  healthy: ({ health }) => (health.healthy ? undefined : failedChecks(health)),
  ready: ({ health }) => (health.ready ? undefined : failedChecks(health)),
};

const quantities: Readonly<Record<string, (region: RegionReport) => number>> = {
  voters: (region) => region.members.filter((member) => member.role === "voter").length,
  learners: (region) => region.members.filter((member) => member.role === "learner").length,
  members: (region) => region.members.length,
  applied: (region) => region.lastApplied,
  commit: (region) => region.commitIndex,
  term: (region) => region.term,
  lag: (region) => region.lag,
  tolerance: (region) => region.failureTolerance,
};

const comparisons: Readonly<Record<string, (found: number, wanted: number) => boolean>> = {
  "=": (found, wanted) => found === wanted,
  "!=": (found, wanted) => found !== wanted,
  "<": (found, wanted) => found < wanted,
  "<=": (found, wanted) => found <= wanted,
  ">": (found, wanted) => found > wanted,
  ">=": (found, wanted) => found >= wanted,
};

/** Indexes and terms only grow: to wait for one is to wait until it is reached. */
const growing: ReadonlySet<string> = new Set(["applied", "commit", "term"]);

export function parseCondition(text: string): Condition {
  const word = Object.hasOwn(words, text) ? words[text] : undefined;
  if (word !== undefined) return { text, unmet: word };
  const [, name = "", sign = "", digits = ""] = /^([a-z]+)(=|!=|<=|>=|<|>)(\d{1,16})$/.exec(text) ?? [];
  const quantity = Object.hasOwn(quantities, name) ? quantities[name] : undefined;
  if (quantity === undefined) throw unknownCondition(text);
  const wanted = Number(digits);
  const holds = comparisons[growing.has(name) && sign === "=" ? ">=" : sign]!;
  const compare = (region: RegionReport): string | undefined => {
    const found = quantity(region);
    return holds(found, wanted) ? undefined : `${name} is ${found}`;
  };
  return { text, unmet: (observation) => withRegion(observation, compare) };
}

function unknownCondition(text: string): RaftctlError {
  const known = [...Object.keys(words), ...Object.keys(quantities).map((name) => `${name}=N`)].join(", ");
  return new RaftctlError("USAGE", `--for ${JSON.stringify(text)}: not a condition`, { hint: `one of ${known}, also with <, <=, >, >=, !=` });
}

function withRegion(observation: Observation, judge: (region: RegionReport) => string | undefined): string | undefined {
  const region = observation.status.regions.find((report) => report.region === observation.region);
  return region === undefined ? `node ${observation.status.name} has no region ${observation.region}` : judge(region);
}

function leaderMissing(region: RegionReport): string | undefined {
  if (region.leader !== null) return undefined;
  return region.election === null ? "no leader is known" : electionText(region.election);
}

function failedChecks(health: HealthReport): string {
  const failed = health.checks.filter((check) => !check.ok).map((check) => `${check.name}: ${check.detail}`);
  return failed.length === 0 ? "the node says that it is not" : failed.join("; ");
}

/** A node may believe in a leader that has just died: a majority must have confirmed it. */
function leaderUnconfirmed({ health }: Observation): string | undefined {
  const check = health.checks.find(({ name }) => name === "leader");
  return check === undefined || check.ok ? undefined : check.detail;
}

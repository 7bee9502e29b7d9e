// `member replace`: begins, follows or gives up an operation that the cluster itself carries out (N9).

import { setTimeout as delay } from "node:timers/promises";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import type { Client } from "../client/client.ts";
import type { ConfigurationReport, ConfigurationStep, ReplacementReport } from "../wire/admin-protocol.ts";
import { stepsText } from "./configuration-view.ts";
import { confirm } from "./confirmation.ts";
import { changeTimeoutMs, resolveNames } from "./member-changing.ts";
import { ProgressLine } from "./progress-line.ts";
import { visible } from "./terminal.ts";

export interface ReplacementRequest {
  readonly member: string | undefined;
  readonly newcomer: string | undefined;
  readonly resume: string | undefined;
  readonly cancel: string | undefined;
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly quiet: boolean;
  /** 0: it is not followed. */
  readonly waitMs: number;
  readonly timeoutMs: number | undefined;
}

export interface ReplacementDocument {
  applied: boolean;
  id: string | null;
  leaving: string;
  newcomer: string;
  state: "planned" | "under-way" | "done" | "cancelled";
  stage: ReplacementReport["stage"] | null;
  before: ConfigurationReport | null;
  steps: ConfigurationStep[];
  after: ConfigurationReport | null;
}

const pauseMs = 200;

/** @throws UNSAFE, CONFLICT, NOT_FOUND; UNHEALTHY when it is not done in time */
export async function replaceMember(client: Client, request: ReplacementRequest, onSummary: (text: string) => void): Promise<ReplacementDocument> {
  const { cancel, resume } = request;
  if (cancel !== undefined) return cancelReplacement(client, cancel, request);
  if (resume !== undefined) return follow(client, { ...documentOf(await underWay(client, resume)), applied: true }, request);
  const begun = await begin(client, request, onSummary);
  return request.dryRun || request.waitMs === 0 ? begun : follow(client, begun, request);
}

async function begin(client: Client, request: ReplacementRequest, onSummary: (text: string) => void): Promise<ReplacementDocument> {
  const { member, newcomer, force, dryRun } = request;
  if (member === undefined || newcomer === undefined) throw new RaftctlError("USAGE", "who replaces whom? give MEMBER --with NAME, or --resume or --cancel with the id of an operation");
  const [leaving] = await resolveNames(client, [member]);
  const timeoutMs = request.timeoutMs ?? changeTimeoutMs;
  const params = { leaving: leaving!, newcomer, force };
  const plan = await client.admin.call("memberReplace", { ...params, dryRun: true }, { timeoutMs });
  onSummary(stepsText(plan));
  if (!dryRun) await confirm(`${leaving} leaves the cluster for good as soon as ${newcomer} can take its place`, request.yes);
  const report = dryRun ? plan : await client.admin.call("memberReplace", { ...params, dryRun: false }, { timeoutMs });
  const { before, steps, after, applied } = report;
  return { ...documentOf(report.replacement), ...(dryRun ? { id: null, state: "planned" as const } : {}), applied, before, steps, after };
}

async function cancelReplacement(client: Client, id: string, { dryRun, timeoutMs }: ReplacementRequest): Promise<ReplacementDocument> {
  const { applied, replacement } = await client.admin.call("replacementCancel", { id, dryRun }, { timeoutMs: timeoutMs ?? changeTimeoutMs });
  return { ...documentOf(replacement), applied, state: applied ? "cancelled" : "under-way" };
}

async function underWay(client: Client, id: string): Promise<ReplacementReport> {
  const { replacements } = await client.admin.call("memberList", {});
  const found = replacements.find((replacement) => replacement.id === id);
  if (found === undefined) throw new RaftctlError("NOT_FOUND", `no replacement ${id} is under way`, { hint: "raftctl member list" });
  return found;
}

/** It is over when nobody records it any more: done when the member has left, otherwise given up by somebody. */
async function follow(client: Client, document: ReplacementDocument, { waitMs, quiet }: ReplacementRequest): Promise<ReplacementDocument> {
  const end = performance.now() + waitMs;
  const line = new ProgressLine(quiet);
  let stage = document.stage;
  try {
    for (;;) {
      const seen = await look(client);
      if (seen !== undefined) {
        const replacement = seen.replacements.find(({ id }) => id === document.id);
        const isMember = seen.members.some(({ name }) => name === document.leaving);
        if (replacement === undefined) return { ...document, state: isMember ? "cancelled" : "done", stage: null };
        stage = replacement.stage;
        line.show(sentences[stage].replace("NEW", visible(document.newcomer)), replacement.lag === null ? "" : `${replacement.lag} entries behind`);
      }
      if (performance.now() >= end) throw unmet({ ...document, stage });
      await delay(pauseMs);
    }
  } finally {
    line.end();
  }
}

/** While leadership changes nobody may know. */
async function look(client: Client) {
  try {
    return await client.admin.call("memberList", {});
  } catch (thrown) {
    const error = toRaftctlError(thrown);
    if (!error.retryable) throw error;
    return undefined;
  }
}

const sentences: Readonly<Record<ReplacementReport["stage"], string>> = {
  "waiting-for-the-newcomer": "waiting for NEW to join",
  "catching-up": "NEW catches up",
  swapping: "NEW takes the place",
};

function unmet(document: ReplacementDocument): RaftctlError {
  const { id, leaving, newcomer, stage } = document;
  return new RaftctlError("UNHEALTHY", `${newcomer} has not taken the place of ${leaving} in time (${stage}); the operation goes on`, {
    hint: `raftctl member replace --resume ${id}`, details: { ...document },
  });
}

function documentOf({ id, leaving, newcomer, stage }: ReplacementReport): ReplacementDocument {
  return { applied: false, id, leaving, newcomer, state: "under-way", stage, before: null, steps: [], after: null };
}

export function replacedText({ id, leaving, newcomer, state }: ReplacementDocument): string {
  const who = `${visible(newcomer)} for ${visible(leaving)}`;
  switch (state) {
    case "planned": return "nothing was changed";
    case "done": return `OK ${who}`;
    case "cancelled": return `replacement ${id} (${who}) is given up; ${visible(leaving)} stays`;
    case "under-way": return `replacement ${id} (${who}) is under way\nraftctl member replace --resume ${id}`;
  }
}

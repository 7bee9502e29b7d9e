// `raftctl join`: from the addresses of members to a node that is as far as was asked for. The directory is made after a member has named its
// cluster; the daemon then does the joining, and this follows it.

import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import { readAddress } from "../config/address.ts";
import type { IdentitySettings } from "../config/identity-settings.ts";
import { foundNode, type DirectoryIdentity, type Founding } from "./founding.ts";
import { membersOf, type FoundedDocument } from "./founding-view.ts";
import { absoluteSource } from "./formation-request.ts";
import { awaitJoined, type JoinProgress, type JoinStage } from "./join-progress.ts";
import { withClient } from "./local-daemon.ts";
import { catchUpText } from "./configuration-view.ts";
import { roughSize } from "./measure.ts";
import type { NodeFlags } from "./node-flags.ts";
import { ProgressLine } from "./progress-line.ts";
import { visible } from "./terminal.ts";

export interface JoinRequest {
  readonly seeds: readonly string[];
  /** Of --discovery, as the node remembers it. */
  readonly source: string | undefined;
  readonly role: "voter" | "learner";
  readonly promote: "auto" | "manual" | "never";
  /** undefined: do not wait. */
  readonly until: JoinStage | undefined;
  /** undefined: ask the members once. */
  readonly retryForMs: number | undefined;
  readonly dryRun: boolean;
  readonly timeoutMs: number;
}

interface JoinFlags {
  readonly discovery?: string | undefined;
  readonly role: "voter" | "learner";
  readonly promote: "auto" | "manual" | "never";
  readonly wait: "none" | "added" | "caught-up" | "voter" | undefined;
  readonly retry: boolean;
  readonly "retry-for": number;
  readonly "dry-run": boolean;
  readonly timeout: number | undefined;
}

export interface Joining {
  readonly plan: Founding;
  readonly flags: NodeFlags;
  readonly request: JoinRequest;
  readonly quiet: boolean;
}

/** daemon/offline.ts, which this floor may not know. */
export interface Offline {
  joinDataDirectory(dataDir: string, request: {
    name: string; settings: IdentitySettings; seeds: readonly string[]; source: string | undefined; role: JoinRequest["role"]; promote: JoinRequest["promote"]; timeoutMs: number; giveUpMs: number;
  }): Promise<DirectoryIdentity>;
  lookUpAddresses(source: string): Promise<readonly string[]>;
}

export interface JoinedDocument {
  applied: boolean;
  clusterId: string;
  nodeId: string | null;
  name: string;
  role: "voter" | "learner" | null;
  joinedAtIndex: string | null;
  caughtUp: { entries: number; bytes: number; ms: number } | null;
  members: FoundedDocument["members"];
  dataDir: string;
  socket: string;
  pid: number | null;
}

const seedTimeoutMs = 5_000;
const retryPauseMs = 500;
const stallMs = 60_000;
/** The daemon itself gives up joining then, so that a newcomer that nobody admits does not wait for ever. */
const giveUpMs = 600_000;

/** @throws USAGE when neither says where members are; NOT_FOUND when the source names nobody */
export async function findSeeds(addresses: readonly string[], source: string | undefined, offline: Offline): Promise<readonly string[]> {
  if (source === undefined && addresses.length === 0) throw new RaftctlError("USAGE", "no member is named: give the peer address of one, or --discovery", { hint: "raftctl join HOST:PORT" });
  if (source === undefined) return addresses;
  const found = await offline.lookUpAddresses(source);
  if (found.length === 0 && addresses.length === 0) throw new RaftctlError("NOT_FOUND", `${source} names no node`);
  return [...addresses, ...found];
}

/** @throws USAGE for an address that is none, or a wait that can never be met. */
export function joinRequest(flags: JoinFlags, seeds: readonly string[]): JoinRequest {
  for (const seed of seeds) {
    if ((readAddress(seed)?.port ?? 0) === 0) throw new RaftctlError("USAGE", `${JSON.stringify(seed)} is not a peer address: want host:port`);
  }
  const comesBy: JoinStage = flags.role === "voter" && flags.promote === "auto" ? "voter" : "caught-up";
  if (flags.wait === "voter" && comesBy !== "voter") {
    throw new RaftctlError("USAGE", `--wait voter is never met with --role ${flags.role} --promote ${flags.promote}`);
  }
  return {
    seeds, source: flags.discovery === undefined ? undefined : absoluteSource(flags.discovery), role: flags.role, promote: flags.promote,
    until: flags.wait === "none" ? undefined : (flags.wait ?? comesBy),
    retryForMs: flags.retry ? flags["retry-for"] : undefined,
    dryRun: flags["dry-run"],
    timeoutMs: flags.timeout ?? seedTimeoutMs,
  };
}

export async function join(joining: Joining, offline: Offline): Promise<JoinedDocument> {
  const { plan, flags, request } = joining;
  const make = (dataDir: string) => () => makeDirectory(joining, dataDir, offline);
  if (request.dryRun) return rehearse(plan, make);
  return foundNode(plan, flags, make(plan.dataDir), async (daemon, identity) => {
    const progress = request.until === undefined ? undefined : await follow(daemon.socket, request.until, joining.quiet);
    const status = await withClient(daemon, (client) => client.admin.call("status", {}));
    const members = membersOf(status);
    return {
      ...plannedDocument(plan, identity.clusterId),
      applied: true,
      nodeId: identity.nodeId,
      role: members.find((member) => member.id === identity.nodeId)?.role ?? null,
      joinedAtIndex: typeof progress?.joinedAtIndex === "number" ? String(progress.joinedAtIndex) : null,
      caughtUp: progress === undefined || progress.stage === "added" ? null : { entries: progress.entries, bytes: progress.bytes, ms: progress.ms },
      members, socket: daemon.socket, pid: daemon.pid,
    };
  });
}

/** Everything that can be found out without being let in: does a member answer, and of which cluster. */
async function rehearse(plan: Founding, make: (dataDir: string) => () => Promise<DirectoryIdentity>): Promise<JoinedDocument> {
  const directory = joinPath(tmpdir(), `raftctl-dry-run-${randomBytes(6).toString("hex")}`);
  try {
    return plannedDocument(plan, (await make(directory)()).clusterId);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function plannedDocument({ name, dataDir, loaded }: Founding, clusterId: string): JoinedDocument {
  return {
    applied: false, clusterId, nodeId: null, name, role: null, joinedAtIndex: null, caughtUp: null, members: [], dataDir,
    socket: loaded.config.adminSocket, pid: null,
  };
}

async function makeDirectory({ plan, request, quiet }: Joining, dataDir: string, offline: Offline): Promise<DirectoryIdentity> {
  const { seeds, source, role, promote, timeoutMs, retryForMs } = request;
  const end = performance.now() + (retryForMs ?? 0);
  const line = new ProgressLine(quiet);
  for (;;) {
    try {
      return await offline.joinDataDirectory(dataDir, { name: plan.name, settings: plan.settings, seeds, source, role, promote, timeoutMs, giveUpMs });
    } catch (thrown) {
      const error = toRaftctlError(thrown);
      if (!error.retryable || performance.now() >= end) throw error;
      line.show("no member answers yet, trying again");
      await delay(retryPauseMs);
    } finally {
      line.end();
    }
  }
}

async function follow(socket: string, until: JoinStage, quiet: boolean): Promise<JoinProgress> {
  const line = new ProgressLine(quiet);
  try {
    return await withClient({ socket }, (client) => awaitJoined(client, { until, stallMs, onProgress: (progress) => line.show(stageText(progress), detailText(progress)) }));
  } finally {
    line.end();
  }
}

const sentences: Readonly<Record<JoinProgress["stage"], string>> = {
  asking: "asking to be let in",
  added: "added as a learner, catching up",
  "caught-up": "caught up",
  voter: "voter",
  failed: "failed",
};

function stageText(progress: JoinProgress): string {
  return sentences[progress.stage];
}

function detailText({ entries, bytes, lag, catchUp }: JoinProgress): string {
  if (entries === 0 && bytes === 0) return "";
  const behind = lag === null || lag === 0 ? "" : `, ${lag} behind${catchUp === null ? "" : `: ${catchUpText(catchUp)}`}`;
  return `${entries} entries, ${roughSize(bytes)}${behind}`;
}

export function joinedText(document: JoinedDocument): string {
  const name = visible(document.name);
  if (!document.applied) return `would join ${name} to cluster ${document.clusterId}`;
  const members = document.members.map((member) => visible(member.name)).join(", ");
  const caughtUp = document.caughtUp === null ? "" : `, caught up ${document.caughtUp.entries} entries in ${document.caughtUp.ms}ms`;
  return `${name} joined cluster ${document.clusterId} as ${document.role ?? "newcomer"}${caughtUp}\nmembers: ${members} (pid ${document.pid})`;
}

// Follows a forming node through its own daemon, until it is a voter of the cluster that has formed. It changes nothing: when the time is over, the daemon
// goes on by itself, and what is missing is said.

import { setTimeout as delay } from "node:timers/promises";
import { isErrorCode, RaftctlError } from "../base/errors.ts";
import type { Client } from "../client/client.ts";
import type { FormationProgress, JoinProgress, NodeStatus } from "../wire/admin-protocol.ts";
import { withClient } from "./local-daemon.ts";
import { ProgressLine } from "./progress-line.ts";

export interface FormationWait {
  readonly name: string;
  readonly source: string;
  readonly expect: number;
  readonly timeoutMs: number;
  readonly quiet: boolean;
}

type Problem = NonNullable<FormationProgress["problem"]>;

const pollMs = 50;
/** What does not mend itself within so long is reported: a file that is being changed, nodes that are restarted with other flags. */
const problemPatienceMs = 3_000;

/** @throws UNHEALTHY, naming what is missing; CONFLICT when waiting cannot help; what joining failed with */
export async function awaitFormed(socket: string, wait: FormationWait): Promise<NodeStatus> {
  const line = new ProgressLine(wait.quiet);
  try {
    return await withClient({ socket }, (client) => follow(client, wait, (text) => line.show(text)));
  } finally {
    line.end();
  }
}

async function follow(client: Client, wait: FormationWait, show: (text: string) => void): Promise<NodeStatus> {
  const began = performance.now();
  let wrong: { readonly problem: Problem; readonly since: number } | undefined;
  for (;;) {
    const now = performance.now();
    const forming = await client.admin.call("formation", {}).catch(goneAsStopped);
    if (forming !== null) refuseOtherTerms(forming, wait);
    // Whoever refused this node may have given up since: that mends nothing. One that agrees with it does.
    if (forming === null || (forming.problem === null && forming.found > 1)) wrong = undefined;
    else if (forming.problem !== null) wrong = { problem: forming.problem, since: wrong?.since ?? now };
    if (wrong !== undefined && now - wrong.since >= problemPatienceMs) throw errorOf(wrong.problem);
    const missing = forming === null ? await whatIsMissing(client).catch(goneAsStopped) : forming.waitsFor;
    if (typeof missing !== "string") return missing;
    if (now - began >= wait.timeoutMs) throw new RaftctlError("UNHEALTHY", missing, { hint: "the daemon goes on by itself: raftctl wait --for leader, or init again", details: { ...forming } });
    show(missing);
    await delay(pollMs);
  }
}

/** The node's status when it is a voter and somebody leads; otherwise what it waits for. */
async function whatIsMissing(client: Client): Promise<NodeStatus | string> {
  const status = await notReadyAsMissing(client.admin.call("status", {}));
  if (typeof status === "string") return status;
  const joining = await client.admin.call("joinProgress", {});
  if (joining.stage === "failed") throw failureOf(joining);
  const region = status.regions[0];
  const self = region?.members.find(({ id }) => id === status.nodeId);
  if (region === undefined || self?.role !== "voter") return `the cluster ${status.clusterId} is there, and this node is still joining it${joining.error === null ? "" : `: ${joining.error.message}`}`;
  if (region.leader === null) return `the cluster ${status.clusterId} is there, and has no leader yet`;
  return self.peerAddress === status.peerAddress && self.clientAddress === status.clientAddress ? status : "the cluster does not know this node's addresses yet";
}

/** Between forming and serving there is a moment with neither. */
async function notReadyAsMissing(answer: Promise<NodeStatus>): Promise<NodeStatus | string> {
  return answer.catch((error: unknown) => {
    if (error instanceof RaftctlError && error.code === "NOT_READY") return error.message;
    throw error;
  });
}

function refuseOtherTerms(forming: FormationProgress, { name, source, expect }: FormationWait): void {
  if (forming.source === source && forming.expect === expect) return;
  throw new RaftctlError("CONFLICT", `the daemon of ${name} forms a cluster of ${forming.expect} from ${forming.source} already, not of ${expect} from ${source}`, {
    hint: "raftctl daemon stop, then init again",
  });
}

function errorOf({ code, message, hint }: Problem): RaftctlError {
  return new RaftctlError(isErrorCode(code) ? code : "CONFLICT", message, hint === null ? {} : { hint });
}

function failureOf({ error }: JoinProgress): RaftctlError {
  const code = error !== null && isErrorCode(error.code) ? error.code : "INTERNAL";
  return new RaftctlError(code, error?.message ?? "joining failed without a reason", error?.hint === null || error?.hint === undefined ? {} : { hint: error.hint });
}

function goneAsStopped(thrown: unknown): never {
  if (thrown instanceof RaftctlError && (thrown.code === "CONNECTION_LOST" || thrown.code === "UNREACHABLE")) {
    throw new RaftctlError("STOPPED", "the daemon ended while its cluster formed", { cause: thrown, hint: "see daemon.log in the data directory" });
  }
  throw thrown;
}

// `raftctl recover verify`: whether the cluster that runs now is the one that the plan promised. Looks only.

import { RaftctlError, toRaftctlError } from "../../base/errors.ts";
import type { Client } from "../../client/client.ts";
import type { NodeStatus } from "../../wire/admin-protocol.ts";
import { visible } from "../terminal.ts";
import type { PlanDocument } from "./documents.ts";

export interface VerificationCheck {
  readonly name: "cluster" | "incarnation" | "leader" | "entry" | "members" | "data";
  readonly ok: boolean;
  readonly detail: string;
}

export interface VerificationDocument {
  readonly verified: boolean;
  readonly planId: string;
  readonly checks: readonly VerificationCheck[];
}

export async function verifyRecovery(client: Client, plan: PlanDocument): Promise<VerificationDocument> {
  const status = await client.admin.call("status", {});
  const checks = [...statusChecks(status, plan), await dataCheck(client)];
  return { verified: checks.every(({ ok }) => ok), planId: plan.planId, checks };
}

/** Later members are welcome; none of those that were given up may be one. */
export function statusChecks(status: NodeStatus, plan: PlanDocument): VerificationCheck[] {
  const [region] = status.regions;
  const { leader = null, members = [], commitIndex = 0 } = region ?? {};
  const voters = members.filter(({ role }) => role === "voter");
  const ghosts = members.filter(({ id }) => [...plan.dead, ...plan.rejoin].some(({ nodeId }) => nodeId === id));
  const survives = voters.some(({ id }) => id === plan.survivor.nodeId);
  return [
    { name: "cluster", ok: status.clusterId === plan.clusterId, detail: `cluster ${status.clusterId}` },
    { name: "incarnation", ok: String(status.clusterIncarnation) === plan.clusterIncarnation, detail: `incarnation ${status.clusterIncarnation}, planned ${plan.clusterIncarnation}` },
    { name: "leader", ok: leader !== null, detail: leader === null ? "nobody leads" : `${leader.name} leads` },
    { name: "entry", ok: commitIndex >= Number(plan.entry.index), detail: `committed up to ${commitIndex}, planned ${plan.entry.index} at least` },
    {
      name: "members", ok: survives && ghosts.length === 0,
      detail: ghosts.length > 0 ? `${ghosts.map(({ name }) => name).join(", ")} should be no member any more` : `${voters.map(({ name }) => name).join(", ")} vote${survives ? "" : `; ${plan.survivor.name} does not`}`,
    },
  ];
}

async function dataCheck(client: Client): Promise<VerificationCheck> {
  try {
    await client.kv.range({ limit: 1, keysOnly: true });
    return { name: "data", ok: true, detail: "a linearizable read is answered" };
  } catch (error) {
    return { name: "data", ok: false, detail: toRaftctlError(error).message };
  }
}

/** undefined: as planned. */
export function verificationFinding({ verified, checks }: VerificationDocument): RaftctlError | undefined {
  if (verified) return undefined;
  const missing = checks.filter(({ ok }) => !ok).map(({ name, detail }) => `${name} (${detail})`);
  return new RaftctlError("UNHEALTHY", `the recovery is not as planned: ${missing.join("; ")}`, { hint: "is this the node that the plan names, and was recover apply done there?" });
}

export function verificationText({ checks }: VerificationDocument): string {
  return checks.map(({ name, ok, detail }) => `${ok ? "ok " : "BAD"}  ${name.padEnd(11)}  ${visible(detail)}`).join("\n");
}

// Leases: granted, kept alive, shown and revoked, as the `lease` verbs do it.

import { utf8Text } from "../base/bytes.ts";
import { leaseText } from "../base/lease-id.ts";
import { parseLeaseGrant } from "../cli/lease-input.ts";
import { keepAliveOnce } from "../cli/lease-keeping.ts";
import { leaseArgument, leaseDetailsDocument, leaseDocument, leaseGrantDocument, leaseRevokeDocument, type LeaseDocument } from "../cli/lease-view.ts";
import { randomSessionId } from "../client/session.ts";
import type { Finding } from "./answers.ts";
import type { Call } from "./call.ts";
import { stampHeaders, stampOf } from "./delivery.ts";
import { percentDecoded } from "./query.ts";

export const leaseParameters = ["keys"];

export async function postLease(call: Call): Promise<Finding> {
  const { ttlMs, id = randomSessionId() } = parseLeaseGrant(call.request.body);
  const receipt = await call.client.leases.grantOnly({ ttlMs, id }, { session: stampOf(call) });
  return { result: leaseGrantDocument({ id, ttlMs }, receipt), headers: stampHeaders(receipt) };
}

export async function postKeepAlive(call: Call): Promise<Finding> {
  const id = idOf(call);
  return { result: { id: leaseText(id), remainingMs: await keepAliveOnce(call.client.leases, id) } };
}

export async function getLeases({ client }: Call): Promise<Finding> {
  const leases: LeaseDocument[] = [];
  for await (const lease of client.leases.list()) leases.push(leaseDocument(lease));
  return { result: { leases } };
}

export async function getLease(call: Call): Promise<Finding> {
  return { result: leaseDetailsDocument(await call.client.leases.info(idOf(call), { keys: call.query.flag("keys") })) };
}

export async function deleteLease(call: Call): Promise<Finding> {
  const id = idOf(call);
  const receipt = await call.client.leases.revoke(id, { session: stampOf(call) });
  return { result: leaseRevokeDocument(id, receipt), headers: stampHeaders(receipt) };
}

function idOf({ rest }: Call): bigint {
  return leaseArgument(utf8Text(percentDecoded("lease", rest)) ?? rest);
}

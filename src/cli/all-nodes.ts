// Asks every member of the cluster the same question over its client listener, all at once. A node that does not answer is an answer too.

import { toRaftctlError } from "../base/errors.ts";
import { Client } from "../client/client.ts";
import type { MemberReport } from "../wire/admin-protocol.ts";
import { errorDocument } from "./envelope.ts";
import type { ErrorDocument } from "./envelope.ts";

export interface Unanswered {
  readonly name: string;
  readonly address: string;
  readonly error: ErrorDocument;
}

/** In the order of the members' names. */
export async function askAllNodes<T>(client: Client, ask: (client: Client) => Promise<T>): Promise<(T | Unanswered)[]> {
  const { members } = await client.admin.call("memberList", {});
  const ordered = members.toSorted((left, right) => left.name.localeCompare(right.name, "en", { numeric: true }));
  return Promise.all(ordered.map((member) => askOne(member, client, ask)));
}

async function askOne<T>(member: MemberReport, origin: Client, ask: (client: Client) => Promise<T>): Promise<T | Unanswered> {
  const self = member.id === origin.server?.nodeId;
  const client = self ? origin : memberClient(member, origin.timeoutMs);
  try {
    return await ask(client);
  } catch (thrown) {
    return { name: member.name, address: member.clientAddress, error: errorDocument(toRaftctlError(thrown)) };
  } finally {
    if (!self) client.close();
  }
}

function memberClient(member: MemberReport, timeoutMs: number): Client {
  return new Client({ endpoints: [member.clientAddress], timeoutMs, origin: `the address of member ${member.name}` });
}

// Where the clients of a check go: each begins with another node, so that all nodes have their share.

import { toRaftctlError } from "../../base/errors.ts";
import type { Client, ClientOptions } from "../../client/client.ts";
import type { Target } from "../endpoint.ts";

export interface Reach {
  readonly target: Target;
  readonly timeoutMs: number;
  readonly region: string | undefined;
}

/** The addresses that were given; for a socket, those of all members that its daemon knows. Asks who is there. @throws UNREACHABLE */
export async function membersBehind(client: Client, { target, timeoutMs, region }: Reach): Promise<ClientOptions[]> {
  const shared = { timeoutMs, origin: target.origin, ...(region !== undefined && { region }) };
  const members = await membersOf(client);
  const endpoints = target.endpoints ?? members;
  if (endpoints.length === 0) return [{ ...shared, socket: target.socket! }];
  return endpoints.map((_, number) => ({ ...shared, endpoints: rotated(endpoints, number) }));
}

async function membersOf(client: Client): Promise<string[]> {
  try {
    const { members } = await client.admin.call("memberList", {});
    return members.map((member) => member.clientAddress);
  } catch (thrown) {
    const error = toRaftctlError(thrown);
    if (error.code === "UNREACHABLE" || !error.retryable) throw error;
    return [];
  }
}

export function rotated<T>(items: readonly T[], by: number): T[] {
  const shift = by % items.length;
  return [...items.slice(shift), ...items.slice(0, shift)];
}

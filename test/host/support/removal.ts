// A request to remove one member, as an operator makes it.

import type { NodeId } from "../../../src/base/ids.ts";
import type { MemberChangeRequest } from "../../../src/wire/admin-protocol.ts";

export function removalOf(id: NodeId, how: { readonly force: boolean; readonly dryRun: boolean }): MemberChangeRequest {
  return { promote: [], demote: [], update: [], remove: [id], ...how };
}

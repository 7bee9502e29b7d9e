// The operator's methods, typed by wire/admin-protocol.ts. A method that only looks may be asked of the next address when a connection breaks; a
// method that changes something is sent once, and when its answer does not come its outcome is unknown.

import { assert } from "../base/assert.ts";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import type { RegionId } from "../base/ids.ts";
import type { AdminMethods } from "../wire/admin-protocol.ts";
import type { ClientRequest, ClientResponse } from "../wire/client-protocol.ts";
import { isAmbiguous } from "./ambiguity.ts";
import type { Connection } from "./connection.ts";
import { type CallOptions, Deadline } from "./deadline.ts";

export type AdminMethod = keyof AdminMethods;

/** daemonStop stands here because the end of the connection is what it asks for. */
const looking: ReadonlySet<AdminMethod> = new Set<AdminMethod>([
  "status", "health", "diagnose", "httpAddress", "memberList", "logHeader", "logPage", "memberPlan", "joinProgress", "quota", "rules", "rulesCheck", "effectiveConfig", "daemonStatus", "version", "upgradeStatus",
  "leaseKeepAlive", "leaseList", "leaseInfo", "sessionList", "snapshotOpen", "snapshotRead", "snapshotClose", "snapshotList", "writeTrace", "entryTrace",
]);

export interface AdminContext {
  readonly connection: Connection;
  readonly timeoutMs: number;
  region(): RegionId;
}

export class Admin {
  readonly #context: AdminContext;

  constructor(context: AdminContext) {
    this.#context = context;
  }

  async call<M extends AdminMethod>(
    method: M,
    params: AdminMethods[M]["params"],
    options: CallOptions = {},
  ): Promise<AdminMethods[M]["result"]> {
    const deadline = Deadline.of(options, this.#context.timeoutMs);
    const region = this.#context.region();
    const request = (timeoutMs: number): ClientRequest => ({ operation: "admin", region, method, params, timeoutMs });
    const response = await this.#send(method, request, deadline);
    assert(response.operation === "admin", "an admin request is answered with its result");
    return response.result as AdminMethods[M]["result"];
  }

  async #send(method: AdminMethod, request: (timeoutMs: number) => ClientRequest, deadline: Deadline): Promise<ClientResponse> {
    const { connection } = this.#context;
    if (looking.has(method)) return connection.callIdempotent(request, deadline);
    try {
      return await connection.call(request, deadline);
    } catch (thrown) {
      throw method === "daemonStop" ? thrown : honest(toRaftctlError(thrown), method);
    }
  }
}

function honest(error: RaftctlError, method: string): RaftctlError {
  if (!isAmbiguous(error)) return error;
  return new RaftctlError("UNKNOWN_OUTCOME", `${method} was sent and may or may not have been done: ${error.message}`, {
    cause: error,
    details: { ...error.details, reason: error.code },
    hint: "look with raftctl status and raftctl member list before trying again",
  });
}

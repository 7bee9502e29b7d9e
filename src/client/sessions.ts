// Sessions of the cluster, for operators: every client has some, and none has to be closed. See docs/sessions.md.

import type { AdminMethods } from "../wire/admin-protocol.ts";
import type { SessionReport } from "../wire/session-reports.ts";
import type { Admin } from "./admin.ts";
import type { CallOptions } from "./deadline.ts";
import type { WriteOptions, WriteReceipt, Writes } from "./writes.ts";

const pageLimit = 500;

export class Sessions {
  readonly #writes: Writes;
  readonly #admin: Admin;

  /** @param writes with sessions of their own, which close others */
  constructor(writes: Writes, admin: Admin) {
    this.#writes = writes;
    this.#admin = admin;
  }

  /** All that the cluster remembers, page by page, in the order of their ids; pages may be of different moments. */
  async *list(options: CallOptions = {}): AsyncGenerator<SessionReport> {
    let after: string | null = null;
    for (;;) {
      const page: AdminMethods["sessionList"]["result"] = await this.#admin.call("sessionList", { after, limit: pageLimit }, options);
      yield* page.sessions;
      after = page.sessions.at(-1)?.id ?? null;
      if (!page.more || after === null) return;
    }
  }

  /** What it was answered is forgotten, and none of its requests is executed any more; `result.deleted` says how many were remembered. NOT_FOUND when there is none. */
  close(id: bigint, options: Pick<WriteOptions, "timeoutMs" | "session" | "signal"> = {}): Promise<WriteReceipt> {
    return this.#writes.write({ operation: "sessionClose", target: id }, options);
  }
}

import * as Args from "@oclif/core/args";
import { RaftctlError } from "../base/errors.ts";
import { BaseCommand } from "../cli/base-command.ts";

/** applied: executed at `index`, with this result. not-applied: not executed, and never will be. session-expired: forgotten by the cluster. */
export interface OutcomeDocument {
  requestId: string;
  state: "applied" | "not-applied" | "session-expired";
  index?: string;
  /** What the state machine answered then: "ok", or "conflict" when a condition did not hold. */
  result?: string;
}

export default class Outcome extends BaseCommand {
  static override summary = "What became of a write whose outcome was unknown";
  static override description =
    "REQUEST is the id that an error with exit 10 names. The answer is final: a request that was not applied by now never will be. Exit 4 when it was not applied, 10 when the cluster has forgotten the session, or gives no answer.";
  static override examples = ["<%= config.bin %> outcome 18129970218690634989:15", "<%= config.bin %> outcome 18129970218690634989:15 --json"];
  static override args = { request: Args.string({ required: true, ignoreStdin: true, description: "<session>:<number>, as it was printed" }) };

  async run(): Promise<OutcomeDocument> {
    const { args, flags } = await this.parse(Outcome);
    const { parseRequestId, requestId } = await import("../client/session.ts");
    const stamp = parseRequestId(args.request);
    const client = await this.connect(flags);
    const outcome = await client.kv.outcome(stamp);
    const id = requestId(stamp);
    if (outcome.state === "applied") {
      const { index, status } = outcome.result;
      this.print(`applied@${index}${status === "ok" ? "" : ` ${status}: nothing was changed`}`);
      return { requestId: id, state: outcome.state, index: String(index), result: status };
    }
    if (outcome.state === "session-expired") {
      this.fail(new RaftctlError("UNKNOWN_OUTCOME", `the cluster has forgotten the session of request ${id}: it may have been applied, and will not be any more`, { hint: "read the key before writing again" }), { requestId: id, state: outcome.state });
    }
    this.fail(new RaftctlError("NOT_FOUND", `request ${id} was not applied, and never will be`, { hint: "write again as a new request" }), { requestId: id, state: outcome.state });
  }
}

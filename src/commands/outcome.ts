import * as Args from "@oclif/core/args";
import { BaseCommand } from "../cli/base-command.ts";
import type { OutcomeDocument } from "../cli/outcome-view.ts";

export default class Outcome extends BaseCommand {
  static override summary = "What became of a write whose outcome was unknown";
  static override description =
    "REQUEST is the id that an error with exit 10 names. The answer is final: a request that was not applied by now never will be. Exit 4 when it was not applied, 10 when the cluster has forgotten the session, or gives no answer.";
  static override examples = ["<%= config.bin %> outcome 18129970218690634989:15", "<%= config.bin %> outcome 18129970218690634989:15 --json"];
  static override args = { request: Args.string({ required: true, ignoreStdin: true, description: "<session>:<number>, as it was printed" }) };

  async run(): Promise<OutcomeDocument> {
    const { args, flags } = await this.parse(Outcome);
    const [{ parseRequestId, requestId }, { outcomeDocument }] = await Promise.all([import("../client/session.ts"), import("../cli/outcome-view.ts")]);
    const stamp = parseRequestId(args.request);
    const client = await this.connect(flags);
    const { document, error } = outcomeDocument(requestId(stamp), await client.kv.outcome(stamp));
    if (error !== undefined) this.fail(error, document);
    this.print(`applied@${document.index}${document.result === "ok" ? "" : ` ${document.result}: nothing was changed`}`);
    return document;
  }
}

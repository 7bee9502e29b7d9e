import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../cli/base-command.ts";
import type { SessionCloseDocument } from "../../cli/session-view.ts";

export default class SessionClose extends BaseCommand {
  static override summary = "Forget sessions and what they were answered";
  static override description =
    "For clients that are gone, or that must not repeat anything: no request that a session has sent so far is executed any more, and a repetition of one that was is refused as well. A client that still lives goes on with a new session, by itself. Exit 4 when one of them does not exist; the others are closed.";
  static override examples = ["<%= config.bin %> session close 18129970218690634989", "<%= config.bin %> session close 71 72 73 --json"];
  static override strict = false;
  static override args = { session: Args.string({ required: true, ignoreStdin: true, description: "one or more, as session list shows them" }) };

  async run(): Promise<SessionCloseDocument> {
    const { argv, flags } = await this.parse(SessionClose);
    const [{ closeSessions, closedText }, { parseSessionId }] = await Promise.all([import("../../cli/session-view.ts"), import("../../client/session.ts")]);
    const ids = (argv as string[]).map(parseSessionId);
    const { document, error } = await closeSessions((await this.connect(flags)).sessions, ids);
    if (document.closed.length > 0) this.print(closedText(document));
    return error === undefined ? document : this.fail(error, document);
  }
}

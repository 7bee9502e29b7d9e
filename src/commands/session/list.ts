import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import type { SessionListDocument } from "../../cli/session-view.ts";

export default class SessionList extends BaseCommand {
  static override summary = "The sessions of clients that the cluster remembers";
  static override description =
    "As the leader knows, confirmed by a majority; those that were used last come first. A session is what makes a repeated write harmless: each writing client has one for each write that it has under way. Idle: at most; lasts: at least, unless thousands of others need its room.";
  static override examples = ["<%= config.bin %> session list --limit 20", "<%= config.bin %> session list --json | jq '.result.total'"];
  static override flags = { limit: Flags.integer({ min: 1, helpValue: "<n>", description: "those that were used last (default: all)" }) };

  async run(): Promise<SessionListDocument> {
    const { flags } = await this.parse(SessionList);
    const [{ sessionListDocument, sessionsText }, client] = await Promise.all([import("../../cli/session-view.ts"), this.connect(flags)]);
    const document = await sessionListDocument(client.sessions.list(), flags.limit);
    this.print(sessionsText(document));
    return document;
  }
}

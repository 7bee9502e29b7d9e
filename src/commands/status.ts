import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../cli/base-command.ts";
import { durationFlag } from "../cli/flags.ts";
import type { NodeAnswer, StatusDocument } from "../cli/status-view.ts";
import type { Client } from "../client/client.ts";

export default class Status extends BaseCommand<StatusDocument> {
  static override summary = "Roles, terms, indexes and lag of this node or of all nodes";
  static override description = "Without a leader it says which votes are missing. Exit 3 when the daemon cannot be reached.";
  static override examples = [
    "<%= config.bin %> status",
    "<%= config.bin %> status --all-nodes --watch 1s",
    "<%= config.bin %> status --json | jq -r .result.nodes[0].regions[0].leader.name",
  ];
  static override flags = {
    "all-nodes": Flags.boolean({ description: "ask every member, not only the node at hand" }),
    watch: durationFlag({ description: "look again every so often; with --json one document per line" }),
  };

  async run(): Promise<StatusDocument> {
    const { flags } = await this.parse(Status);
    const [client, { statusDocument, statusText }] = await Promise.all([this.connect(flags), import("../cli/status-view.ts")]);
    const look = (): Promise<readonly NodeAnswer[]> => askStatus(client, flags["all-nodes"]);
    if (flags.watch !== undefined) {
      const { repeat } = await import("../cli/repeat.ts");
      const json = this.jsonEnabled();
      const picture = async (): Promise<string> => (json ? this.line(statusDocument(await look())) : `${statusText(await look())}\n`);
      await repeat({ intervalMs: flags.watch, redraw: process.stdout.isTTY && !json }, picture);
    }
    const answers = await look();
    for (const answer of answers) if ("status" in answer) for (const warning of answer.status.warnings) this.addWarning(warning);
    this.print(statusText(answers));
    return statusDocument(answers);
  }
}

async function askStatus(client: Client, all: boolean): Promise<readonly NodeAnswer[]> {
  const status = async (node: Client): Promise<NodeAnswer> => ({ status: await node.admin.call("status", {}) });
  if (!all) return [await status(client)];
  const { askAllNodes } = await import("../cli/all-nodes.ts");
  return askAllNodes(client, status);
}

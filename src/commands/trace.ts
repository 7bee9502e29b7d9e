import * as Args from "@oclif/core/args";
import { BaseCommand } from "../cli/base-command.ts";
import type { EntryTraceDocument } from "../cli/entry-trace.ts";

export default class Trace extends BaseCommand {
  static override summary = "Where the time of a recent entry went";
  static override description =
    "Asks every member what it remembers of the entry: when it was appended, on disk, committed and applied there, and on the leader when each of the others had acknowledged it; names the straggler. A node remembers a few thousand turns of its work, since its start. Exit 4 when no node remembers the entry.";
  static override examples = ["<%= config.bin %> trace 1842", "<%= config.bin %> trace 1842 --json | jq -r '.result.stragglers[]'"];
  static override args = { index: Args.string({ required: true, ignoreStdin: true, description: "of the entry, as put prints it" }) };

  async run(): Promise<EntryTraceDocument> {
    const { args, flags } = await this.parse(Trace);
    const [{ entryTraceDocument, entryTraceText, indexArgument, notRemembered }, { askAllNodes }] = await Promise.all([import("../cli/entry-trace.ts"), import("../cli/all-nodes.ts")]);
    const index = indexArgument(args.index);
    const client = await this.connect(flags);
    const answers = await askAllNodes(client, (node) => node.admin.call("entryTrace", { index }));
    const document = entryTraceDocument(index, answers);
    const error = notRemembered(index, answers);
    if (error !== undefined) this.fail(error, document);
    this.print(entryTraceText(index, answers));
    return document;
  }
}

import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";

export interface LeaseKeepAliveDocument {
  id: string;
  remainingMs: number;
}

export default class LeaseKeepAlive extends BaseCommand<LeaseKeepAliveDocument> {
  static override summary = "Keep a lease alive";
  static override description =
    "Gives the lease all of its time again, and again at a third of it, until it is interrupted. Exit 4 when the lease has ended, or may have because nobody answered in time. A line for each answer; with --json one document a line.";
  static override examples = ["<%= config.bin %> lease keep-alive 694d5765fc71500b", "<%= config.bin %> lease keep-alive 694d5765fc71500b --once"];
  static override args = { id: Args.string({ required: true, ignoreStdin: true, description: "the lease" }) };
  static override flags = { once: Flags.boolean({ default: false, description: "one keep-alive, and no more" }) };

  async run(): Promise<LeaseKeepAliveDocument> {
    const { args, flags } = await this.parse(LeaseKeepAlive);
    const [{ leaseArgument }, { keepAliveOnce, keepAliveOnAndOn }, { leaseText }] = await Promise.all([
      import("../../cli/lease-view.ts"), import("../../cli/lease-keeping.ts"), import("../../base/lease-id.ts"),
    ]);
    const id = leaseArgument(args.id);
    const client = await this.connect(flags);
    const tell = (remainingMs: number): LeaseKeepAliveDocument => {
      this.print(`lease ${leaseText(id)} lasts for ${remainingMs} ms`);
      return { id: leaseText(id), remainingMs };
    };
    if (flags.once) return tell(await keepAliveOnce(client.leases, id));
    return keepAliveOnAndOn(client.leases, id, (remainingMs) => {
      const document = tell(remainingMs);
      this.printLine(document);
    });
  }
}

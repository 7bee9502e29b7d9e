import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import type { LeaseDetailsDocument } from "../../cli/lease-view.ts";

export default class LeaseInfo extends BaseCommand {
  static override summary = "One lease, and the keys that are attached to it";
  static override description = "As the leader knows, confirmed by a majority. Exit 4 when there is no such lease.";
  static override examples = ["<%= config.bin %> lease info 694d5765fc71500b --keys"];
  static override args = { id: Args.string({ required: true, ignoreStdin: true, description: "the lease" }) };
  static override flags = { keys: Flags.boolean({ default: false, description: "show its keys" }) };

  async run(): Promise<LeaseDetailsDocument> {
    const { args, flags } = await this.parse(LeaseInfo);
    const { leaseArgument, leaseDetailsDocument, leaseDetailsText } = await import("../../cli/lease-view.ts");
    const id = leaseArgument(args.id);
    const client = await this.connect(flags);
    const details = await client.leases.info(id, { keys: flags.keys });
    this.print(leaseDetailsText(details));
    return leaseDetailsDocument(details);
  }
}

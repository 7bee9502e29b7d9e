import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../cli/base-command.ts";
import type { LeaseRevokeDocument } from "../../cli/lease-view.ts";

export default class LeaseRevoke extends BaseCommand {
  static override summary = "End a lease and delete its keys";
  static override description = "All keys that are attached to it are deleted with it, in one step. Exit 4 when there is no such lease.";
  static override examples = ["<%= config.bin %> lease revoke 694d5765fc71500b"];
  static override args = { id: Args.string({ required: true, ignoreStdin: true, description: "the lease" }) };

  async run(): Promise<LeaseRevokeDocument> {
    const { args, flags } = await this.parse(LeaseRevoke);
    const { leaseArgument, leaseRevokeDocument } = await import("../../cli/lease-view.ts");
    const id = leaseArgument(args.id);
    const client = await this.connect(flags);
    const document = leaseRevokeDocument(id, await client.leases.revoke(id));
    this.print(`OK ${document.index} deleted ${document.deleted}`);
    return document;
  }
}

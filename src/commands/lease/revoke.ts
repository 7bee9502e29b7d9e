import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../cli/base-command.ts";

export interface LeaseRevokeDocument {
  id: string;
  index: string;
  /** Keys that were attached to it. */
  deleted: number;
  requestId?: string;
}

export default class LeaseRevoke extends BaseCommand {
  static override summary = "End a lease and delete its keys";
  static override description = "All keys that are attached to it are deleted with it, in one step. Exit 4 when there is no such lease.";
  static override examples = ["<%= config.bin %> lease revoke 694d5765fc71500b"];
  static override args = { id: Args.string({ required: true, ignoreStdin: true, description: "the lease" }) };

  async run(): Promise<LeaseRevokeDocument> {
    const { args, flags } = await this.parse(LeaseRevoke);
    const [{ leaseArgument }, { leaseText }] = await Promise.all([import("../../cli/lease-view.ts"), import("../../base/lease-id.ts")]);
    const id = leaseArgument(args.id);
    const client = await this.connect(flags);
    const { index, result, requestId } = await client.leases.revoke(id);
    const deleted = result?.deleted ?? 0;
    this.print(`OK ${index} deleted ${deleted}`);
    return { id: leaseText(id), index: String(index), deleted, ...(requestId !== undefined && { requestId }) };
  }
}

import { BaseCommand } from "../../cli/base-command.ts";
import type { LeaseDocument } from "../../cli/lease-view.ts";

export default class LeaseList extends BaseCommand {
  static override summary = "All leases, and how long each one lasts";
  static override description = "As the leader knows, confirmed by a majority. What remains is the least: a change of leader gives every lease all of its time again.";
  static override examples = ["<%= config.bin %> lease list", "<%= config.bin %> lease list --json | jq '.result.leases[].id'"];

  async run(): Promise<{ leases: LeaseDocument[] }> {
    const { flags } = await this.parse(LeaseList);
    const [{ leaseDocument, leasesText }, client] = await Promise.all([import("../../cli/lease-view.ts"), this.connect(flags)]);
    const leases: LeaseDocument[] = [];
    for await (const lease of client.leases.list()) leases.push(leaseDocument(lease));
    this.print(leasesText(leases));
    return { leases };
  }
}

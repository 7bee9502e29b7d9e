import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import type { LeaseGrantDocument } from "../../cli/lease-view.ts";

export default class LeaseGrant extends BaseCommand {
  static override summary = "Begin a lease";
  static override description =
    "Prints its id. Keys that are put with --lease are deleted when it ends: by revoke, or when nobody has kept it alive for its TTL. A lease that exists with this --id and TTL begins anew; with another TTL that is exit 6.";
  static override examples = ["<%= config.bin %> lease grant 10s", "<%= config.bin %> put service/a 10.0.0.7:80 --lease $(<%= config.bin %> lease grant 30s)"];
  static override args = { ttl: Args.string({ required: true, ignoreStdin: true, description: "how long it lasts without a keep-alive, such as 10s" }) };
  static override flags = { id: Flags.string({ helpValue: "<id>", description: "1 to 16 hexadecimal digits (default: at random)" }) };

  async run(): Promise<LeaseGrantDocument> {
    const { args, flags } = await this.parse(LeaseGrant);
    const [{ leaseArgument, leaseGrantDocument, ttlArgument }, { randomSessionId }, { leaseText }] = await Promise.all([import("../../cli/lease-view.ts"), import("../../client/session.ts"), import("../../base/lease-id.ts")]);
    const ttlMs = ttlArgument(args.ttl);
    const id = flags.id === undefined ? randomSessionId() : leaseArgument(flags.id);
    const client = await this.connect(flags);
    const receipt = await client.leases.grantOnly({ ttlMs, id });
    this.print(leaseText(id));
    return leaseGrantDocument({ id, ttlMs }, receipt);
  }
}

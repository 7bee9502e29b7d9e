import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../cli/base-command.ts";
import { dryRunFlag } from "../../cli/flags.ts";
import type { AdminMethods } from "../../wire/admin-protocol.ts";

export default class QuotaSet extends BaseCommand {
  static override summary = "How much data the cluster may hold";
  static override description =
    "For the whole cluster, from the moment it is applied. Writes that would make the data larger are then refused (exit 14); deletes, reads and overwriting by something no larger always work. From 80% on there is a warning in status and alarm list.";
  static override examples = ["<%= config.bin %> quota set 8GiB", "<%= config.bin %> quota set none"];
  static override args = { size: Args.string({ required: true, ignoreStdin: true, description: "such as 512MiB, or none" }) };
  static override flags = { "dry-run": dryRunFlag };

  async run(): Promise<Omit<AdminMethods["quotaSet"]["result"], "index"> & { index: string | null }> {
    const { args, flags } = await this.parse(QuotaSet);
    const { quotaArgument, quotaText } = await import("../../cli/quota-view.ts");
    const bytes = quotaArgument(args.size);
    const client = await this.connect(flags);
    const result = await client.admin.call("quotaSet", { bytes, dryRun: flags["dry-run"] });
    this.print(result.applied ? `OK ${result.index}: ${quotaText(result)}` : `nothing was changed: ${quotaText(result)}`);
    return { ...result, index: result.index === null ? null : String(result.index) };
  }
}

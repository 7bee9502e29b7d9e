import { BaseCommand } from "../../cli/base-command.ts";
import type { QuotaReport } from "../../wire/admin-protocol.ts";

export default class QuotaShow extends BaseCommand {
  static override summary = "How much data the cluster holds, and how much it may";
  static override description = "Counts keys, values and streams, the same on every member. Exit 14 while writes are refused.";
  static override examples = ["<%= config.bin %> quota show", "<%= config.bin %> quota show --json | jq .result.usedBytes"];

  async run(): Promise<QuotaReport> {
    const { flags } = await this.parse(QuotaShow);
    const [{ quotaText }, { RaftctlError }, client] = await Promise.all([import("../../cli/quota-view.ts"), import("../../base/errors.ts"), this.connect(flags)]);
    const report = await client.admin.call("quota", {});
    const text = quotaText(report);
    if (report.state === "full") return this.fail(new RaftctlError("NO_SPACE", text), report);
    this.print(text);
    return report;
  }
}

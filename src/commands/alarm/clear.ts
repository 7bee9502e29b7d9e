import { BaseCommand } from "../../cli/base-command.ts";
import type { AlarmsDocument } from "../../cli/alarms.ts";

export default class AlarmClear extends BaseCommand {
  static override summary = "Forget refusals that are over, and say what stays";
  static override description =
    "Never needed: alarms end by themselves. The quota's alarm stays after a refusal until the data is down to 90% of the quota; this ends it before, and the next refusal raises it again. What has a cause that is still there stays (exit 14 when something is out of space).";
  static override examples = ["<%= config.bin %> alarm clear"];

  async run(): Promise<AlarmsDocument & { cleared: string[] }> {
    const { flags } = await this.parse(AlarmClear);
    const [{ alarmsText, listAlarms, spaceFinding }, client] = await Promise.all([import("../../cli/alarms.ts"), this.connect(flags)]);
    const { cleared } = await client.admin.call("alarmClear", {});
    const document = { cleared, ...(await listAlarms(client)) };
    this.print([...cleared.map((alarm) => `cleared ${alarm}`), alarmsText(document)].join("\n"));
    const finding = spaceFinding(document);
    return finding === undefined ? document : this.fail(finding, document);
  }
}

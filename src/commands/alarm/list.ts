import { BaseCommand } from "../../cli/base-command.ts";
import type { AlarmsDocument } from "../../cli/alarms.ts";

export default class AlarmList extends BaseCommand {
  static override summary = "What is wrong enough to stop something, on every node";
  static override description = "Each alarm with its meaning and what ends it; it ends by itself as soon as its cause does. Exit 14 when something is out of space.";
  static override examples = ["<%= config.bin %> alarm list", "<%= config.bin %> alarm list --json | jq -r '.result.alarms[].alarm'"];

  async run(): Promise<AlarmsDocument> {
    const { flags } = await this.parse(AlarmList);
    const [{ alarmsText, listAlarms, spaceFinding }, client] = await Promise.all([import("../../cli/alarms.ts"), this.connect(flags)]);
    const document = await listAlarms(client);
    this.print(alarmsText(document));
    const finding = spaceFinding(document);
    return finding === undefined ? document : this.fail(finding, document);
  }
}

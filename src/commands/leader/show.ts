import { globalRegionName } from "../../base/ids.ts";
import { BaseCommand } from "../../cli/base-command.ts";
import type { LeaderDocument } from "../../cli/leadership.ts";

export default class LeaderShow extends BaseCommand {
  static override summary = "Who leads the region";
  static override description = "Exit 5 when there is no leader; the message says which votes are missing.";
  static override examples = ["<%= config.bin %> leader show", "<%= config.bin %> leader show --json | jq -r .result.name"];

  async run(): Promise<LeaderDocument> {
    const { flags } = await this.parse(LeaderShow);
    const client = await this.connect(flags);
    const [{ leaderOf }, { visible }] = await Promise.all([import("../../cli/leadership.ts"), import("../../cli/terminal.ts")]);
    const leader = leaderOf(await client.admin.call("status", {}), flags.region ?? globalRegionName);
    this.print(`${visible(leader.name)}  term ${leader.term}  ${visible(leader.address ?? "")}`.trimEnd());
    return leader;
  }
}

// Help as people read it: what the command does, then examples, then everything else, and the exit codes below the list of commands. The rest is
// oclif's.

import { CommandHelp, Help } from "@oclif/core/help";
import { exitCodes } from "./exit-codes.ts";

class ExamplesFirst extends CommandHelp {
  /** The summary stands above it already. */
  protected override description(): string | undefined {
    const { description } = this.command;
    return description === undefined ? undefined : this.wrap(this.render(description));
  }

  protected override sections(): ReturnType<CommandHelp["sections"]> {
    const rank = (header: string): number => ["DESCRIPTION", "EXAMPLES", "USAGE"].indexOf(header) >>> 0;
    return super.sections().toSorted((left, right) => rank(left.header) - rank(right.header));
  }
}

export default class RaftctlHelp extends Help {
  protected override CommandHelpClass = ExamplesFirst;

  override async showRootHelp(): Promise<void> {
    await super.showRootHelp();
    const rows = Object.entries(exitCodes).map(([code, { name, meaning }]) => [`${code}  ${name}`, meaning] as [string, string]);
    this.log(this.section("EXIT CODES", rows));
  }
}

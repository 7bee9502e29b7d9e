import * as Args from "@oclif/core/args";
import { BaseCommand } from "../cli/base-command.ts";
import { completionScript, shells } from "../cli/completion.ts";
import { describeCommands } from "../cli/command-description.ts";

export default class Completion extends BaseCommand {
  static override summary = "Print a completion script for a shell";
  static override description = "The script is complete in itself and never runs raftctl. Print it anew after an upgrade.";
  static override examples = [
    "source <(<%= config.bin %> completion bash)",
    "<%= config.bin %> completion zsh > ~/.zfunc/_<%= config.bin %>",
    "<%= config.bin %> completion fish > ~/.config/fish/completions/<%= config.bin %>.fish",
  ];
  static override args = { shell: Args.string({ required: true, ignoreStdin: true, options: [...shells], description: "bash, zsh or fish" }) };

  async run(): Promise<{ shell: string; script: string }> {
    const { args } = await this.parse(Completion);
    const shell = shells.find((name) => name === args.shell)!;
    const script = completionScript(shell, this.config.bin, describeCommands(this.config.commands));
    this.write(script);
    return { shell, script };
  }
}

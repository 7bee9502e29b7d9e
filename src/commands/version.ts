import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../cli/base-command.ts";
import type { VersionDocument } from "../cli/versions.ts";

export default class Version extends BaseCommand {
  static override summary = "Versions of this program and of the daemons";
  static override description = "A daemon that cannot be reached is no error here: the program's own version is always shown.";
  static override examples = ["<%= config.bin %> version", "<%= config.bin %> version --all-nodes --json"];
  static override flags = { "all-nodes": Flags.boolean({ description: "ask every member" }) };

  async run(): Promise<VersionDocument> {
    const { flags } = await this.parse(Version);
    const [client, { askVersions, skew, versionText }] = await Promise.all([this.connect(flags), import("../cli/versions.ts")]);
    const document = await askVersions(client, { own: this.config.version, all: flags["all-nodes"] });
    this.print(versionText(document));
    for (const message of skew(document)) this.addWarning({ code: "VERSION_SKEW", message });
    return document;
  }
}

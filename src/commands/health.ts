import * as Flags from "@oclif/core/flags";
import { RaftctlError } from "../base/errors.ts";
import { BaseCommand } from "../cli/base-command.ts";
import { countFlag } from "../cli/flags.ts";
import type { HealthDocument } from "../cli/health-check.ts";

export default class Health extends BaseCommand {
  static override summary = "Whether this node is alive and ready, for probes";
  static override description = "Exit 0 when every check passes, 11 when one fails, 3 when the daemon cannot be reached.";
  static override examples = ["<%= config.bin %> health", "<%= config.bin %> health --live", "<%= config.bin %> health --ready --max-lag 1000 --json"];
  static override flags = {
    live: Flags.boolean({ description: "only that the process answers and its loop is not stuck", exclusive: ["ready", "max-lag"] }),
    ready: Flags.boolean({ description: "only that a leader is known and the log is applied" }),
    "max-lag": countFlag({ description: "not ready when more log entries than this are committed and not applied" }),
  };

  async run(): Promise<HealthDocument> {
    const { flags } = await this.parse(Health);
    const [client, { checkHealth }] = await Promise.all([this.connect(flags), import("../cli/health-check.ts")]);
    const document = await checkHealth(client, { scope: flags.live ? "live" : flags.ready ? "ready" : "all", maxLag: flags["max-lag"] });
    const { visible } = await import("../cli/terminal.ts");
    for (const check of document.checks) this.print(`${check.ok ? "ok  " : "FAIL"}  ${visible(check.name)}  ${visible(check.detail)}`.trimEnd());
    if (document.healthy) return document;
    const failed = document.checks.filter((check) => !check.ok).map((check) => `${check.name} (${check.detail})`);
    return this.fail(new RaftctlError("UNHEALTHY", `not healthy: ${failed.join("; ")}`, { hint: "raftctl doctor" }), document);
  }
}

import * as Flags from "@oclif/core/flags";
import { globalRegionName } from "../base/ids.ts";
import { RaftctlError } from "../base/errors.ts";
import { BaseCommand } from "../cli/base-command.ts";
import type { WaitDocument } from "../cli/wait.ts";

export default class Wait extends BaseCommand {
  static override summary = "Wait until the cluster is as it should be";
  static override description =
    "Conditions: leader, healthy, ready, and voters, members, learners, applied, commit, term, lag, tolerance compared with a number. " +
    "All must hold at once. Exit 11 when the time is over; the message says which does not hold and what is there instead.";
  static override examples = [
    "<%= config.bin %> wait --for leader --for voters=3 --timeout 20s",
    "<%= config.bin %> wait --for healthy --for 'lag<10'",
    "<%= config.bin %> wait --for applied=1042 --endpoint 10.0.0.3:7400",
  ];
  static override flags = {
    for: Flags.string({ required: true, multiple: true, multipleNonGreedy: true, helpValue: "<condition>", description: "what must hold; may be repeated" }),
  };

  async run(): Promise<WaitDocument> {
    const { flags } = await this.parse(Wait);
    const [{ parseCondition }, { waitFor }] = await Promise.all([import("../cli/wait-condition.ts"), import("../cli/wait.ts")]);
    const conditions = flags.for.map(parseCondition);
    const client = await this.connect(flags);
    const document = await waitFor(client, {
      conditions,
      region: flags.region ?? globalRegionName,
      timeoutMs: client.timeoutMs,
      onProgress: (unmet) => this.note(`waiting for ${describe(unmet)}`),
    });
    if (document.unmet.length > 0) this.fail(new RaftctlError("UNHEALTHY", `not met in time: ${describe(document.unmet)}`), document);
    this.print(`OK ${document.met.join(" ")}`);
    return document;
  }
}

function describe(unmet: WaitDocument["unmet"]): string {
  return unmet.map(({ condition, found }) => `${condition} (${found})`).join(", ");
}

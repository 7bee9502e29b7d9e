import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import { dryRunFlag, durationFlag } from "../../cli/flags.ts";
import type { MemberAddDocument } from "../../cli/member-adding.ts";

export default class MemberAdd extends BaseCommand {
  static override summary = "Add a node as a learner, from here instead of from the node";
  static override description =
    "The leader dials the address first: a node of this cluster that is no member becomes one, another cluster's is refused (exit 8). Where nobody answers it is refused (exit 9) unless --unreachable-ok: then a learner of this name is expected, which counts in no quorum and which `raftctl join` on the new node, with the same name and address, becomes. Usually `raftctl join` alone is enough.";
  static override examples = [
    "<%= config.bin %> member add 10.0.0.4:7401",
    "<%= config.bin %> member add 10.0.0.4:7401 --role voter",
    "<%= config.bin %> member add 10.0.0.4:7401 --name n4 --unreachable-ok",
  ];
  static override args = { address: Args.string({ required: true, ignoreStdin: true, description: "host:port of its peer listener" }) };
  static override flags = {
    name: Flags.string({ helpValue: "<name>", description: "its name in the cluster (default: as it calls itself)" }),
    role: Flags.option({ options: ["learner", "voter"] as const, default: "learner" as const, description: "voter: promoted as soon as it has caught up, which is waited for (exit 11 when it takes longer than --wait-for)" })(),
    "wait-for": durationFlag({ default: 600_000, description: "how long a --role voter may take to catch up" }),
    "unreachable-ok": Flags.boolean({ default: false, description: "also when nobody answers there yet" }),
    "dry-run": dryRunFlag,
  };

  async run(): Promise<MemberAddDocument> {
    const { args, flags } = await this.parse(MemberAdd);
    const [{ addMember, addedText }, client] = await Promise.all([import("../../cli/member-adding.ts"), this.connect(flags)]);
    const request = { peerAddress: args.address, name: flags.name ?? null, unreachableOk: flags["unreachable-ok"], dryRun: flags["dry-run"] };
    const adding = { request, becomesVoter: flags.role === "voter", waitMs: flags["wait-for"], timeoutMs: flags.timeout };
    const document = await addMember(client, adding, (text) => this.note(text));
    this.print(addedText(document));
    return document;
  }
}

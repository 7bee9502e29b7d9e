import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../cli/base-command.ts";
import type { DiscoveryDocument } from "../../cli/discovery-probe.ts";

export default class DiscoveryProbe extends BaseCommand {
  static override summary = "What a discovery source says, and who answers there";
  static override description =
    "Looks the source up once and shakes hands with every address; nothing is joined or changed. Exit 0 when every node answers and all belong to one cluster or to none yet, 4 when the source names nobody, 11 otherwise.";
  static override examples = [
    "<%= config.bin %> discovery probe --discovery dns:nodes.example:7401",
    "<%= config.bin %> discovery probe --discovery file:/etc/raftctl/nodes --json",
    "<%= config.bin %> discovery probe --discovery static:10.0.0.1:7401,10.0.0.2:7401",
  ];
  static override flags = {
    discovery: Flags.string({ required: true, helpValue: "<source>", description: "static:<host:port,…>, file:<path>, dns:<name>[:port] or dns:_<service>._tcp.<name>" }),
    "dns-server": Flags.string({ multiple: true, multipleNonGreedy: true, helpValue: "<ip[:port]>", description: "ask this name server instead of the system's" }),
  };

  async run(): Promise<DiscoveryDocument> {
    const { flags } = await this.parse(DiscoveryProbe);
    const [{ discoveryDocument, discoveryFinding, discoveryText }, { probeSource }] = await Promise.all([
      import("../../cli/discovery-probe.ts"), import("../../daemon/offline.ts"),
    ]);
    const document = discoveryDocument(await probeSource({ source: flags.discovery, dnsServers: flags["dns-server"], timeoutMs: flags.timeout ?? 5_000 }));
    if (document.hosts.length > 0) this.print(discoveryText(document));
    const finding = discoveryFinding(document);
    return finding === undefined ? document : this.fail(finding, document);
  }
}

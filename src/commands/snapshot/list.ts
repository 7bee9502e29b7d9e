import { BaseCommand } from "../../cli/base-command.ts";
import type { LocalSnapshotDocument } from "../../cli/snapshot/documents.ts";

export default class SnapshotList extends BaseCommand {
  static override summary = "The snapshots that the node at hand keeps for itself";
  static override description = "The newest first. A restart begins from the newest; backups that were written to files are not in the list.";
  static override examples = ["<%= config.bin %> snapshot list", "<%= config.bin %> snapshot list --json | jq -r '.result.snapshots[0].lastIndex'"];

  async run(): Promise<{ snapshots: LocalSnapshotDocument[] }> {
    const { flags } = await this.parse(SnapshotList);
    const [client, { localSnapshotDocument, localSnapshotTable }] = await Promise.all([this.connect(flags), import("../../cli/snapshot/snapshot-view.ts")]);
    const snapshots = (await client.admin.call("snapshotList", {})).snapshots.map(localSnapshotDocument);
    this.print(localSnapshotTable(snapshots));
    return { snapshots };
  }
}

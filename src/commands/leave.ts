import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../cli/base-command.ts";
import { dryRunFlag, yesFlag } from "../cli/flags.ts";
import type { LeaveDocument } from "../cli/leaving.ts";
import { directoryFlags, type NodeFlags } from "../cli/node-flags.ts";

export default class Leave extends BaseCommand {
  static override summary = "Take this node out of the cluster, for good";
  static override description =
    "Hands leadership over, is removed from the membership, stops the daemon and moves the data to <dir>.left-<time>. Exit 9 for the last voter, for what would cost the quorum, and without --yes where nobody can be asked. To stop only the process: `daemon stop`.";
  static override examples = [
    "<%= config.bin %> leave",
    "<%= config.bin %> leave --dry-run --json",
    "<%= config.bin %> leave --node n3 --yes",
  ];
  static override flags = {
    ...directoryFlags,
    node: Flags.string({ helpValue: "<name>", description: "remove this member instead, which may be dead" }),
    "transfer-to": Flags.string({ helpValue: "<name>", description: "who shall lead afterwards" }),
    "keep-data": Flags.boolean({ description: "leave the data directory where it is" }),
    force: Flags.boolean({ default: false, description: "also when fewer may fail afterwards than is safe" }),
    "dry-run": dryRunFlag,
    yes: yesFlag,
  };

  async run(): Promise<LeaveDocument> {
    const { flags } = await this.parse(Leave);
    const [{ leave, leftText }, { archiveDataDirectory }] = await Promise.all([import("../cli/leaving.ts"), import("../daemon/offline.ts")]);
    const client = await this.connect(flags.node === undefined ? await this.#ownTarget(flags) : flags);
    const request = {
      node: flags.node, transferTo: flags["transfer-to"], force: flags.force, keepData: flags["keep-data"],
      dryRun: flags["dry-run"], yes: flags.yes, timeoutMs: flags.timeout,
    };
    const document = await leave(client, request, archiveDataDirectory, (text) => this.note(text));
    this.print(leftText(document));
    return document;
  }

  /** "This node" is the one whose admin socket is here, whatever endpoints the environment names. */
  async #ownTarget<F extends NodeFlags>(flags: F): Promise<F & { socket: string; endpoint: undefined }> {
    const [{ findOwnNode }, { readDataDirectory }] = await Promise.all([import("../cli/own-node.ts"), import("../daemon/offline.ts")]);
    const { socket } = await findOwnNode(flags, readDataDirectory);
    return { ...flags, socket, endpoint: undefined };
  }
}

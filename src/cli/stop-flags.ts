// The flags of the verbs that stop a daemon.

import * as Flags from "@oclif/core/flags";
import { durationFlag } from "./flags.ts";

export const stopFlags = {
  drain: durationFlag({ default: 2_000, defaultHelp: async () => "2s", description: "let requests that are under way finish for so long" }),
  transfer: Flags.boolean({ allowNo: true, default: true, description: "hand leadership over first" }),
};

/** Until the process is gone, beyond the time to drain, ms. */
export const stopWaitMs = 30_000;

// The flags of the verbs that start a lab.

import { isAbsolute, resolve } from "node:path";
import * as Flags from "@oclif/core/flags";

export const labNodesMax = 9;

export const labFlags = {
  nodes: Flags.integer({ default: 3, min: 1, max: labNodesMax, helpValue: "<n>", description: "how many nodes" }),
  dir: Flags.string({
    helpValue: "<dir>", parse: async (text) => (isAbsolute(text) ? text : resolve(text)), description: "put the data there: an empty or a new directory (default: a temporary one)",
  }),
  keep: Flags.boolean({ default: false, description: "keep the data when the lab ends" }),
};

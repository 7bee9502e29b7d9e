// From what a history is put together: flags that `history` and `get --at` share.

import * as Flags from "@oclif/core/flags";

const texts = {
  "data-dir": "the log and snapshots in this data directory, without a daemon or beside one; may be repeated",
  node: "ask this member for its log, instead of the node at hand",
  from: "a backup or snapshot of the same cluster, for what the log does not hold; may be repeated",
};
const several = { multiple: true, multipleNonGreedy: true } as const;

export const evidenceFlags = {
  "data-dir": Flags.string({ ...several, helpValue: "<dir>", description: texts["data-dir"] }),
  node: Flags.string({ helpValue: "<name>", description: texts.node }),
  from: Flags.string({ ...several, helpValue: "<file>", description: texts.from }),
};

const dependent = { dependsOn: ["at"] };

/** They mean something with --at only. */
export const pastFlags = {
  "data-dir": Flags.string({ ...several, ...dependent, helpValue: "<dir>", description: `with --at: ${texts["data-dir"]}` }),
  node: Flags.string({ ...dependent, helpValue: "<name>", description: `with --at: ${texts.node}` }),
  from: Flags.string({ ...several, ...dependent, helpValue: "<file>", description: `with --at: ${texts.from}` }),
};

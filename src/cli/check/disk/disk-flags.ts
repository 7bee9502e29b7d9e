// The flags of `check disk`.

import { RaftctlError } from "../../../base/errors.ts";
import { formatDuration } from "../../../config/duration.ts";
import { formatSize } from "../../../config/size.ts";
import { durationFlag, sizeFlag } from "../../flags.ts";
import { directoryFlags, type NodeFlags } from "../../node-flags.ts";

const [durationMsMin, durationMsMax] = [1, 600_000];
const [writeBytesMin, writeBytesMax] = [1, 1024 * 1024];

export const diskFlags = {
  ...directoryFlags,
  duration: durationFlag({ default: 5000, defaultHelp: async () => "5s", description: "how long, at most 10m" }),
  "write-size": sizeFlag({ default: 1024, defaultHelp: async () => "1KiB", description: "of each append to the log, at most 1MiB" }),
};

export interface DiskFlags extends NodeFlags {
  readonly duration: number;
  readonly "write-size": number;
  readonly quiet: boolean;
}

/** @throws USAGE */
export function refuseOutOfBounds({ duration, "write-size": writeBytes }: DiskFlags): void {
  if (duration < durationMsMin || duration > durationMsMax) {
    throw new RaftctlError("USAGE", `--duration ${formatDuration(duration)}: want ${formatDuration(durationMsMin)} to ${formatDuration(durationMsMax)}`);
  }
  if (writeBytes < writeBytesMin || writeBytes > writeBytesMax) {
    throw new RaftctlError("USAGE", `--write-size ${formatSize(writeBytes)}: want ${formatSize(writeBytesMin)} to ${formatSize(writeBytesMax)}`);
  }
}

// `quota show|set`: how much the cluster may hold, and how much it holds.

import type { QuotaReport } from "../wire/admin-protocol.ts";
import { RaftctlError } from "../base/errors.ts";
import { parseSize } from "../config/size.ts";
import { roughSize } from "./measure.ts";

/** Bytes; null for "none". @throws INVALID_ARGUMENT */
export function quotaArgument(text: string): number | null {
  if (text === "none") return null;
  // What `quota show --json` prints can be handed in again.
  const bytes = /^\d{1,15}$/.test(text) ? Number(text) : parseSize(text);
  if (bytes < 1) throw new RaftctlError("INVALID_ARGUMENT", `a quota of ${text} would let nothing in: want a size such as 512MiB, or none`);
  return bytes;
}

export function quotaText({ quotaBytes, usedBytes, state }: QuotaReport): string {
  if (quotaBytes === null) return `${roughSize(usedBytes)} used, no quota`;
  const percent = Math.floor((usedBytes * 100) / quotaBytes);
  const remark = { ok: "", warning: ": from 100% on writes that add data are refused", full: ": writes that add data were refused; raftctl del makes room, raftctl quota set raises it" }[state];
  return `${roughSize(usedBytes)} of ${roughSize(quotaBytes)} used (${percent}%)${remark}`;
}

// `raftctl inspect-log verify`: what reading every byte of a data directory has shown.

import { RaftctlError } from "../../base/errors.ts";
import { roughSize } from "../measure.ts";
import { visible } from "../terminal.ts";

/** What daemon/offline.ts finds, which this floor may not know. */
export interface Verification {
  readonly dataDir: string;
  readonly node: string | null;
  readonly files: readonly { readonly file: string; readonly bytes: number; readonly what: "segment" | "snapshot" }[];
  readonly entries: number;
  readonly lastIndex: number | null;
  readonly tornTail: { readonly file: string; readonly offset: number; readonly bytes: number } | null;
  readonly damages: readonly Damage[];
}

interface Damage {
  readonly message: string;
  readonly file: string | null;
  readonly offset: number | null;
  /** The last entry that can be read before the damage. */
  readonly lastIndex: number | null;
}

export interface VerificationDocument {
  dataDir: string;
  node: string | null;
  sound: boolean;
  files: { file: string; bytes: number; what: "segment" | "snapshot" }[];
  entries: number;
  lastIndex: string | null;
  tornTail: Verification["tornTail"];
  damages: { message: string; file: string | null; offset: number | null; lastIndex: string | null }[];
}

export function verificationDocument({ dataDir, node, files, entries, lastIndex, tornTail, damages }: Verification): VerificationDocument {
  return {
    dataDir, node, sound: damages.length === 0, files: [...files], entries, lastIndex: indexText(lastIndex), tornTail,
    damages: damages.map((damage) => ({ ...damage, lastIndex: indexText(damage.lastIndex) })),
  };
}

export function verificationText({ dataDir, node, files, entries, lastIndex, tornTail, damages }: Verification): string {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const lines = [`${visible(dataDir)}${node === null ? "" : ` of ${visible(node)}`}: ${files.length} files, ${roughSize(bytes)}, ${entries} entries${lastIndex === null ? "" : `, to index ${lastIndex}`}`];
  if (tornTail !== null) lines.push(`${visible(tornTail.file)}: the last ${tornTail.bytes} bytes, from ${tornTail.offset} on, are a write that was torn or is being made; it was never acknowledged, and a start cuts it`);
  for (const { message } of damages) lines.push(`damaged: ${visible(message)}`);
  if (damages.length === 0) lines.push("sound: every byte matches its checksum");
  return lines.join("\n");
}

/** Exit 13, with file, offset and index. */
export function verificationFinding({ dataDir, damages }: Verification): RaftctlError | undefined {
  const [first] = damages;
  if (first === undefined) return undefined;
  const more = damages.length === 1 ? "" : ` (and ${damages.length - 1} more)`;
  return new RaftctlError("CORRUPT", `${first.message}${more}`, {
    details: { file: first.file, offset: first.offset, lastIndex: indexText(first.lastIndex), dataDir },
    hint: "keep a copy of the directory; then replace the member: raftctl join --fresh, or raftctl member replace; of a cluster of one: raftctl inspect-log repair",
  });
}

function indexText(index: number | null): string | null {
  return index === null ? null : String(index);
}

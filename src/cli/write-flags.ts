// The flags that `put` and `del` share: a condition, the acknowledgement that is waited for, and the session that makes a repetition harmless.

import * as Flags from "@oclif/core/flags";
import { utf8 } from "../base/bytes.ts";
import { RaftctlError } from "../base/errors.ts";
import type { WriteOptions } from "../client/writes.ts";
import { countFlag } from "./flags.ts";

export const conditionFlags = {
  "if-version": countFlag({ description: "only if the key has this version (0: does not exist)", exclusive: ["if-absent", "if-value"] }),
  "if-absent": Flags.boolean({ description: "only if the key does not exist", exclusive: ["if-version", "if-value"] }),
  "if-value": Flags.string({ helpValue: "<text>", description: "only if the key has this value", exclusive: ["if-version", "if-absent"] }),
  prev: Flags.boolean({ description: "show what was there before" }),
};

export const deliveryFlags = {
  response: Flags.option({ options: ["committed", "applied"] as const, default: "applied" as const, description: "what to wait for" })(),
  "no-session": Flags.boolean({ description: "send without a session: a repetition would be applied again", exclusive: ["session", "seq"] }),
  session: Flags.string({ helpValue: "<id>", description: "repeat a request of this session", dependsOn: ["seq"] }),
  seq: countFlag({ description: "repeat the request with this number", dependsOn: ["session"] }),
};

export interface WriteFlags {
  readonly "if-version"?: number | undefined;
  readonly "if-absent"?: boolean;
  readonly "if-value"?: string | undefined;
  readonly prev?: boolean;
  readonly response: "committed" | "applied";
  readonly "no-session": boolean;
  readonly session: string | undefined;
  readonly seq: number | undefined;
}

export async function writeOptions(flags: WriteFlags): Promise<WriteOptions> {
  const condition = conditionOf(flags);
  const session = await sessionOf(flags);
  return { waitFor: flags.response, wantPrevious: flags.prev ?? false, ...(condition && { condition }), ...(session && { session }) };
}

function conditionOf(flags: WriteFlags): WriteOptions["condition"] {
  if (flags["if-absent"]) return { kind: "absent" };
  if (flags["if-version"] !== undefined) return { kind: "version", version: flags["if-version"] };
  return flags["if-value"] === undefined ? undefined : { kind: "value", value: utf8(flags["if-value"]) };
}

async function sessionOf(flags: WriteFlags): Promise<WriteOptions["session"]> {
  if (flags["no-session"]) return "none";
  if (flags.session === undefined || flags.seq === undefined) return undefined;
  if (flags.seq < 1) throw new RaftctlError("USAGE", "--seq 0: the first request of a session has number 1");
  const { parseSessionId } = await import("../client/session.ts");
  return { id: parseSessionId(flags.session), sequence: flags.seq };
}

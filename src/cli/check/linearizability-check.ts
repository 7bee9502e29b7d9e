// `check linearizability` from its flags to its finding: records or reads a history, keeps it where that is wanted, and judges it.

import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RaftctlError } from "../../base/errors.ts";
import type { Client } from "../../client/client.ts";
import type { Warning } from "../envelope.ts";
import type { GlobalFlags } from "../flags.ts";
import { runCommand } from "../lab/child-command.ts";
import { ProgressLine } from "../progress-line.ts";
import { resolveTarget } from "../target.ts";
import { findingError, judge } from "./check-document.ts";
import type { CheckDocument, Judgement } from "./check-document.ts";
import { createHistoryFile, readHistory, writeHistory } from "./history-file.ts";
import { untilSignalled } from "./interruption.ts";
import { liveOptions, refuseStrayWords } from "./linearizability-flags.ts";
import type { LinearizabilityFlags, LiveOptions } from "./linearizability-flags.ts";
import { recordLive } from "./live-check.ts";
import type { LiveRecord } from "./live-check.ts";

export interface Surroundings {
  readonly connect: () => Promise<Client>;
  readonly env: NodeJS.ProcessEnv;
  /** Where the output of the command goes that runs meanwhile. */
  readonly stdout: "inherit" | number;
  readonly warn: (warning: Warning) => void;
}

export interface Finding extends Judgement {
  /** undefined for a pass. */
  readonly error: RaftctlError | undefined;
  /** Exit code of the signal that ended the run before its time. */
  readonly interrupted: number | undefined;
}

/** @param given what stands behind the flags, and the whole command line. */
export async function check(
  flags: GlobalFlags & LinearizabilityFlags,
  given: { readonly words: readonly string[]; readonly line: readonly string[] },
  surroundings: Surroundings,
): Promise<Finding> {
  if (flags.history === undefined) return checkLive(flags, liveOptions(flags, given.words, given.line), surroundings);
  refuseStrayWords(given.words, []);
  const acknowledgedMin = flags["min-acknowledged"] ?? 1;
  const judgement = judge(await readHistory(flags.history), { acknowledgedMin });
  return { ...judgement, error: findingError(judgement.document, acknowledgedMin), interrupted: undefined };
}

async function checkLive(flags: GlobalFlags, options: LiveOptions, surroundings: Surroundings): Promise<Finding> {
  const { value, interrupted } = await untilSignalled((signal) => recordAndJudge(flags, options, { ...surroundings, signal }));
  const isTold = interrupted === undefined || value.document.verdict === "violated";
  return { ...value, error: isTold ? findingError(value.document, options.acknowledgedMin) : undefined, interrupted };
}

async function recordAndJudge(flags: GlobalFlags, options: LiveOptions, surroundings: Surroundings & { signal: AbortSignal }): Promise<Judgement> {
  const file = options.save === undefined ? undefined : await createHistoryFile(options.save);
  try {
    const record = await recorded(flags, options, surroundings);
    const judgement = judge(record.operations, { acknowledgedMin: options.acknowledgedMin, durationMs: record.durationMs });
    const document = await completed(judgement.document, record, { name: options.save, file });
    warnOf(record, surroundings.warn);
    return { document, window: judgement.window };
  } finally {
    if (file !== undefined && file.fd !== -1) await file.close();
  }
}

/** With what the run adds to the verdict. A history that is no pass is kept, also where nobody asked for it: it may not come again. */
async function completed(judged: CheckDocument, record: LiveRecord, save: { name: string | undefined; file: FileHandle | undefined }): Promise<CheckDocument> {
  const document = { ...judged, prefix: record.prefix, resolved: record.resolved, cleaned: record.isCleaned, ...(record.exit !== undefined && { exit: record.exit }) };
  const isWanted = document.verdict === "violated" || document.verdict === "undecided";
  const saved = save.name ?? (isWanted ? join(tmpdir(), `raftctl-history-${record.prefix.split("/")[2]}.jsonl`) : undefined);
  if (saved === undefined) return document;
  await writeHistory(save.file ?? await createHistoryFile(saved), record.operations);
  return { ...document, saved };
}

async function recorded(flags: GlobalFlags, options: LiveOptions, surroundings: Surroundings & { signal: AbortSignal }): Promise<LiveRecord> {
  const { command } = options;
  const { connect, env, stdout, signal } = surroundings;
  const [client, target] = await Promise.all([connect(), resolveTarget(flags, env)]);
  const line = new ProgressLine(flags.quiet || !process.stderr.isTTY);
  try {
    return await recordLive(client, {
      ...options, target, signal, region: flags.region ?? target.region, timeoutMs: client.timeoutMs,
      during: command === undefined ? undefined : () => runCommand(command, env, stdout),
      onProgress: ({ ok, unknown, failed }, elapsedMs) =>
        line.show("checking", `${Math.round(elapsedMs / 1000)}s: ${ok} acknowledged, ${unknown} unknown, ${failed} failed`),
    });
  } finally {
    line.end();
  }
}

function warnOf({ isCleaned, prefix, exit }: LiveRecord, warn: (warning: Warning) => void): void {
  if (!isCleaned) warn({ code: "KEYS_LEFT", message: `keys may be left; when the cluster answers again: raftctl del ${prefix} --prefix` });
  if (exit !== undefined && exit !== 0) warn({ code: "COMMAND_FAILED", message: `the command that ran meanwhile ended with exit code ${exit}` });
}

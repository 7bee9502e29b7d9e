// `snapshot restore --into-cluster`: the keys of a cluster that runs are made those of a backup, by writes like anybody's. Both are read side by side, and only
// what differs is written. That is no single step: who reads meanwhile sees some keys of before and some of the backup, and who writes meanwhile may be
// overwritten or not. What ends half way is finished by the same command.

import { equalBytes } from "../../base/bytes.ts";
import { RaftctlError, toRaftctlError } from "../../base/errors.ts";
import { sideBySide, type Keyed } from "../../base/side-by-side.ts";
import type { Client } from "../../client/client.ts";
import { keyBehind } from "../../client/key-range.ts";
import type { KeyValue } from "../../client/kv.ts";
import { confirm } from "../confirmation.ts";
import { roughDuration } from "../measure.ts";
import { ProgressLine } from "../progress-line.ts";
import { visible } from "../terminal.ts";
import type { IntoClusterDocument } from "./documents.ts";
import type { InspectedFile } from "./file-view.ts";

export interface BackupRecord extends Keyed {
  readonly value: Uint8Array;
}

/** Reads the backup once, from the beginning. */
export type WithRecords = <T>(use: (records: AsyncGenerator<BackupRecord>) => Promise<T>) => Promise<T>;

/** Numbers of keys. */
export interface KeyCounts {
  readonly put: number;
  readonly deleted: number;
  readonly unchanged: number;
}

type Change = { readonly kind: "put"; readonly key: Uint8Array; readonly value: Uint8Array } | { readonly kind: "deleted"; readonly key: Uint8Array } | { readonly kind: "unchanged" };

/** Written at the same time. */
const batchWritesMax = 64;
const batchBytesMax = 4 * 1024 * 1024;

export interface IntoClusterRequest {
  /** The whole file has been read to say so. */
  readonly file: Pick<InspectedFile, "path" | "header">;
  readonly withRecords: WithRecords;
  readonly region: string;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly quiet: boolean;
}

/** @throws INVALID_ARGUMENT for another region's backup, UNSAFE when nobody confirms, besides what reading and writing throw */
export async function restoreIntoCluster({ kv }: Pick<Client, "kv">, request: IntoClusterRequest): Promise<IntoClusterDocument> {
  const { file: { path, header }, withRecords, region, dryRun, yes, quiet } = request;
  if (header.region.name !== region) throw new RaftctlError("INVALID_ARGUMENT", `${path} is a backup of region ${header.region.name}, and region ${region} is meant`, { hint: `--region ${header.region.name}` });
  const began = performance.now();
  const expected = await countChanges(kv, withRecords);
  if (!dryRun) await confirm(question(expected, request.file), yes);
  const counts = dryRun ? expected : await writeChanges(kv, withRecords, expected, quiet);
  return {
    applied: !dryRun, intoCluster: true, file: path, region, ...counts,
    from: { clusterId: header.clusterId, lastIndex: String(header.index), lastTerm: String(header.term) }, durationMs: Math.round(performance.now() - began),
  };
}

function question({ put, deleted }: KeyCounts, { path, header }: IntoClusterRequest["file"]): string {
  return `this writes ${put} keys and deletes ${deleted}, so that the cluster that runs holds the keys of ${visible(path)} (index ${header.index})`;
}

export function intoClusterText({ applied, file, put, deleted, unchanged, from }: IntoClusterDocument): string {
  const [written, gone, left] = applied ? ["written", "deleted", "left alone"] : ["would be written", "would be deleted", "would be left alone"];
  return `${put} keys ${written}, ${deleted} ${gone}, ${unchanged} ${left}: as in ${visible(file)} (index ${from.lastIndex})`;
}

/** What would be written now; writes nothing. @throws what reading the backup or the cluster throws */
async function countChanges(kv: KeyValue, withRecords: WithRecords): Promise<KeyCounts> {
  const counts = new Counts();
  await withRecords(async (records) => {
    for await (const { kind } of changes(kv, records)) counts.add(kind);
  });
  return counts.result();
}

/** @throws what reading and writing throw, with what is done by then in `details` */
async function writeChanges(kv: KeyValue, withRecords: WithRecords, expected: KeyCounts, quiet: boolean): Promise<KeyCounts> {
  const counts = new Counts();
  const progress = new RestoreProgress(expected, quiet);
  try {
    await withRecords(async (records) => {
      for await (const batch of batches(changes(kv, records))) {
        const written = await Promise.allSettled(batch.map((change) => write(kv, change)));
        for (const [place, { status }] of written.entries()) if (status === "fulfilled") counts.add(batch[place]!.kind);
        const failed = written.find(({ status }) => status === "rejected");
        if (failed?.status === "rejected") throw failed.reason;
        progress.show(counts.result());
      }
    });
  } catch (thrown) {
    throw unfinished(toRaftctlError(thrown), counts.result());
  } finally {
    progress.end();
  }
  return counts.result();
}

async function* changes(kv: KeyValue, records: AsyncGenerator<BackupRecord>): AsyncGenerator<Change> {
  for await (const [wanted, found] of sideBySide(records, keysOf(kv))) {
    if (wanted === undefined) yield { kind: "deleted", key: found.key };
    else if (found !== undefined && equalBytes(wanted.value, found.value)) yield { kind: "unchanged" };
    else yield { kind: "put", ...wanted };
  }
}

async function* keysOf(kv: KeyValue): AsyncGenerator<BackupRecord> {
  let start: Uint8Array | undefined;
  // Each page as it is by then: no state is held for as long as it takes to write.
  for (;;) {
    const { records, more } = await kv.range({ start });
    yield* records;
    if (!more) return;
    start = keyBehind(records.at(-1)!.key);
  }
}

async function* batches(all: AsyncGenerator<Change>): AsyncGenerator<readonly Change[]> {
  let batch: Change[] = [];
  let bytes = 0;
  for await (const change of all) {
    batch.push(change);
    bytes += change.kind === "put" ? change.key.length + change.value.length : 0;
    if (batch.length < batchWritesMax && bytes < batchBytesMax) continue;
    yield batch;
    [batch, bytes] = [[], 0];
  }
  yield batch;
}

async function write(kv: KeyValue, change: Change): Promise<void> {
  if (change.kind === "put") await kv.put(change.key, change.value);
  if (change.kind === "deleted") await kv.delete(change.key);
}

function unfinished(cause: RaftctlError, { put, deleted }: KeyCounts): RaftctlError {
  const message = `the restore ended half way, after ${put} keys were written and ${deleted} deleted: ${cause.message}`;
  return new RaftctlError(cause.code, message, { cause, details: { ...cause.details, put, deleted }, hint: "run the same again: what is there already is left alone" });
}

class Counts {
  readonly #counts = { put: 0, deleted: 0, unchanged: 0 };

  add(kind: Change["kind"]): void {
    this.#counts[kind] += 1;
  }

  result(): KeyCounts {
    return { ...this.#counts };
  }
}

class RestoreProgress {
  readonly #line: ProgressLine;
  readonly #whole: number;
  readonly #began = performance.now();

  constructor({ put, deleted }: KeyCounts, quiet: boolean) {
    this.#line = new ProgressLine(quiet);
    this.#whole = put + deleted;
  }

  show({ put, deleted }: KeyCounts): void {
    const done = put + deleted;
    const perMs = done / Math.max(1, performance.now() - this.#began);
    const left = done === 0 || done >= this.#whole ? "" : `, about ${roughDuration((this.#whole - done) / perMs)} left`;
    this.#line.show("writing what differs:", `${done} of ${this.#whole} keys, ${Math.round(perMs * 1000)}/s${left}`);
  }

  end(): void {
    this.#line.end();
  }
}

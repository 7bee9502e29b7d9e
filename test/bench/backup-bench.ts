// How fast a large state gets into a file, and how long writes wait meanwhile: `npm run bench:backup`. With --etcd the same in turn for etcd. Three nodes, one
// client and the file on one machine and one disk; one write at a time, the whole of the while.

import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { findEtcd, startEtcd } from "./etcd-target.ts";
import { abortOnSignals, runToTheEnd, unlessAborted } from "./interruption.ts";
import { startRaftctl } from "./raftctl-target.ts";
import { prepareStore, type Prepared } from "./suite.ts";
import type { Target } from "./target.ts";
import { keyOf, value } from "./workload.ts";

const usage = "usage: npm run bench:backup -- [--mib 512] [--value-kib 64] [--rounds 3] [--etcd] [--json FILE]";

const { values } = parseArgs({
  options: {
    mib: { type: "string", default: "512" }, "value-kib": { type: "string", default: "64" }, rounds: { type: "string", default: "3" },
    etcd: { type: "boolean", default: false }, json: { type: "string" }, help: { type: "boolean", default: false },
  },
});

const mebibyte = 1024 ** 2;
const quietMs = 5_000;
const columns = ["store", "file MiB", "seconds", "MiB/s", "put p50 ms", "meanwhile", "put p99 ms", "meanwhile", "ratio"];

interface BackupMeasurement {
  readonly store: string;
  readonly bytes: number;
  readonly seconds: number;
  /** Of one write at a time, ms. */
  readonly before: Latency;
  readonly during: Latency;
}

interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly writes: number;
}

async function fillWithLargeValues({ connections }: Prepared, bytes: number, valueBytes: number): Promise<void> {
  const count = Math.ceil(bytes / valueBytes);
  const content = new Uint8Array(valueBytes).fill(0x78);
  let next = 0;
  const lane = async (number: number): Promise<void> => {
    while (next < count) await connections.put(number, new TextEncoder().encode(`large/${next++}`), content);
  };
  await Promise.all(Array.from({ length: 8 }, (_, number) => lane(number)));
}

/** How long each write took until the work was done. */
async function latencyDuring({ connections }: Prepared, work: Promise<unknown>): Promise<Latency> {
  let done = false;
  const ended = work.finally(() => (done = true));
  const times: number[] = [];
  while (!done) {
    const began = performance.now();
    await connections.put(0, keyOf(times.length % 1000), value);
    times.push(performance.now() - began);
  }
  await ended;
  const sorted = times.toSorted((left, right) => left - right);
  return { p50: sorted[Math.floor(sorted.length * 0.5)]!, p99: sorted[Math.floor(sorted.length * 0.99)]!, writes: times.length };
}

async function measureBackup(prepared: Prepared, file: string): Promise<BackupMeasurement> {
  const { target } = prepared;
  const before = await latencyDuring(prepared, new Promise((done) => setTimeout(done, quietMs)));
  const began = performance.now();
  let seconds = 0;
  const during = await latencyDuring(prepared, target.backUp(file).then(() => (seconds = (performance.now() - began) / 1000)));
  const { size } = await stat(file);
  await rm(file);
  return { store: target.name, bytes: size, seconds, before, during };
}

function row({ store, bytes, seconds, before, during }: BackupMeasurement): string[] {
  const size = bytes / mebibyte;
  return [store, size.toFixed(0), seconds.toFixed(1), (size / seconds).toFixed(0), before.p50.toFixed(2), during.p50.toFixed(2), before.p99.toFixed(2), during.p99.toFixed(2), (during.p99 / before.p99).toFixed(1)];
}

function line(cells: readonly string[]): string {
  return cells.map((cell, place) => (place === 0 ? cell.padEnd(8) : cell.padStart(Math.max(8, columns[place]!.length)))).join("  ");
}

async function main(signal: AbortSignal): Promise<number> {
  const etcd = values.etcd ? findEtcd("auto") : undefined;
  if (values.etcd && etcd === undefined) throw new Error("etcd is not installed: apt-get install etcd-server etcd-client");
  const [mib, valueKib, rounds] = [Number(values.mib), Number(values["value-kib"]), Number(values.rounds)];
  if (!(mib > 0 && valueKib > 0 && rounds > 0)) throw new Error(usage);
  const home = await mkdtemp(join(tmpdir(), "bench-backup-"));
  const targets: Promise<Target>[] = [];
  const measurements: BackupMeasurement[] = [];
  const measureAll = async (): Promise<void> => {
    const stores: Prepared[] = [];
    for (const start of [startRaftctl, ...(etcd === undefined ? [] : [() => startEtcd(etcd)])]) {
      signal.throwIfAborted();
      const starting: Promise<Target> = start();
      targets.push(starting);
      stores.push(await prepareStore(await starting));
    }
    for (const prepared of stores) await fillWithLargeValues(prepared, mib * mebibyte, valueKib * 1024);
    process.stdout.write(`${mib} MiB of state in values of ${valueKib} KiB, three nodes, fsync on\n${line(columns)}\n`);
    for (let round = 0; round < rounds; round += 1) {
      for (const prepared of stores) {
        const measured = await measureBackup(prepared, join(home, `${prepared.target.name}.backup`));
        measurements.push(measured);
        process.stdout.write(`${line(row(measured))}\n`);
      }
    }
  };
  try {
    await unlessAborted(signal, measureAll());
  } finally {
    await Promise.all(targets.map((starting) => starting.then((target) => target.stop(), () => undefined)));
    await rm(home, { recursive: true, force: true });
  }
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ measurements }, undefined, 2)}\n`);
  return 0;
}

const signal = abortOnSignals();
await runToTheEnd(async () => {
  if (!values.help) return main(signal);
  process.stdout.write(`${usage}\n`);
  return 0;
});

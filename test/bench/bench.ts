// Throughput and latency of three nodes on this machine, with fsync: `npm run bench`. With --etcd the same load goes to etcd as well, level by level in
// turn, so that both see the same neighbours. Client and nodes share the processors: numbers of two machines, or of two clients, do not compare.

import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { etcdIsInstalled, startEtcd } from "./etcd-target.ts";
import { measure } from "./load.ts";
import type { Load, Measurement, Target } from "./load.ts";
import { startRaftctl } from "./raftctl-target.ts";
import { keyCount, valueBytes } from "./workload.ts";

const usage = `usage: npm run bench -- [--seconds 3] [--in-flight 1,8,64,256,1000] [--rounds 1] [--operations put,get] [--etcd] [--json FILE]`;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "3" },
    "in-flight": { type: "string", default: "1,8,64,256,1000" },
    rounds: { type: "string", default: "1" },
    operations: { type: "string", default: "put,get" },
    etcd: { type: "boolean", default: false },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const columns = ["operation", "in flight", "store", "per second", "p50 ms", "p99 ms", "nodes: CPU s/1000", "client: CPU s/1000", "failures"];

function loads(): Load[] {
  const seconds = Number(values.seconds);
  const levels = values["in-flight"].split(",").map(Number);
  const operations = values.operations.split(",").filter((operation): operation is Load["operation"] => operation === "put" || operation === "get");
  const once = operations.flatMap((operation) => levels.map((inFlight) => ({ operation, inFlight, seconds })));
  if (!once.every((load) => load.inFlight >= 1 && seconds > 0) || once.length === 0) throw new Error(usage);
  return Array.from({ length: Number(values.rounds) }, () => once).flat();
}

function row(measured: Measurement): string[] {
  return [
    measured.operation, String(measured.inFlight), measured.target, Math.round(measured.perSecond).toLocaleString("en"),
    measured.p50Ms.toFixed(2), measured.p99Ms.toFixed(2), measured.nodeCpuPer1000.toFixed(3), measured.clientCpuPer1000.toFixed(3), String(measured.failures),
  ];
}

function line(cells: readonly string[]): string {
  return cells.map((cell, place) => (place === 2 || place === 0 ? cell.padEnd(10) : cell.padStart(Math.max(columns[place]!.length, 9)))).join("  ");
}

async function main(): Promise<void> {
  if (values.etcd && !etcdIsInstalled) throw new Error("etcd is not installed: apt-get install etcd-server");
  const targets: Target[] = [];
  const measurements: Measurement[] = [];
  try {
    targets.push(await startRaftctl());
    if (values.etcd) targets.push(await startEtcd());
    process.stdout.write(`three nodes on one machine of ${availableParallelism()} processors, fsync on; ${keyCount} keys of 8 bytes, values of ${valueBytes} bytes, 8 connections\n`);
    process.stdout.write(`${line(columns)}\n`);
    for (const load of loads()) {
      for (const target of targets) {
        const measured = await measure(target, load);
        measurements.push(measured);
        process.stdout.write(`${line(row(measured))}\n`);
      }
    }
  } finally {
    await Promise.all(targets.map((target) => target.stop()));
  }
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ measurements }, undefined, 2)}\n`);
}

if (values.help) process.stdout.write(`${usage}\n`);
else await main();

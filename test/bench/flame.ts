// Where the processor time of a leader and of a follower goes while puts are under way, as pictures: `npm run bench:flame`. Needs `perf` and the right to
// sample one's own processes (`kernel.perf_event_paranoid` at 1 at most for what the kernel does).

import { execa } from "execa";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { flameGraph } from "./flame/flame-graph.ts";
import { stacksOf } from "./flame/perf-stacks.ts";
import { abortOnSignals, runToTheEnd, unlessAborted } from "./interruption.ts";
import { measure } from "./load.ts";
import { positive } from "./options.ts";
import { type RaftctlTarget, startRaftctl } from "./raftctl-target.ts";
import { connectionCount, fill, keyCount, Keys, randomValue, valueBytes } from "./workload.ts";

const usage = "usage: npm run bench:flame -- --output DIRECTORY [--in-flight 256] [--seconds 6] [--value-bytes 256] [--label NAME]\n";
const samplesPerSecond = 997;

interface Options {
  readonly output: string;
  readonly inFlight: number;
  readonly seconds: number;
  readonly valueBytes: number;
  /** In the names of the files. */
  readonly label: string;
}

function parseOptions(): Options | undefined {
  const { values } = parseArgs({
    options: { output: { type: "string" }, "in-flight": { type: "string" }, seconds: { type: "string" }, "value-bytes": { type: "string" }, label: { type: "string" }, help: { type: "boolean", default: false } },
  });
  if (values.help || values.output === undefined) return undefined;
  const inFlight = positive("--in-flight", values["in-flight"], 256, Number.isInteger);
  return {
    output: values.output, inFlight, label: values.label ?? `puts-${inFlight}`,
    seconds: positive("--seconds", values.seconds, 6), valueBytes: positive("--value-bytes", values["value-bytes"], valueBytes, Number.isInteger),
  };
}

interface Sampled {
  readonly role: "leader" | "follower";
  readonly pid: number;
}

async function draw({ output, inFlight, seconds, valueBytes: bytes, label }: Options, target: RaftctlTarget): Promise<void> {
  const leader = await target.cluster.leader();
  const follower = target.cluster.nodes.find((node) => node !== leader)!;
  const sampled: Sampled[] = [{ role: "leader", pid: leader.pid }, { role: "follower", pid: follower.pid }];
  const connections = await target.connect(connectionCount, [await target.leader()]);
  await fill(connections, keyCount * 3, keyCount);
  const keys = new Keys();
  const value = randomValue(bytes);
  const data = join(target.cluster.home, "perf.data");
  const load = measure({ inFlight, seconds: seconds + 2, warmUpMs: 1000, nodes: target.nodes, operate: (lane) => connections.put(lane, keys.next(), value) });
  await execa("perf", ["record", "-q", "-o", data, "-e", "cpu-clock", "-F", String(samplesPerSecond), "-g", "-p", sampled.map(({ pid }) => pid).join(), "--", "sleep", String(seconds)]);
  const { perSecond } = await load;
  connections.close();
  await mkdir(output, { recursive: true });
  for (const { role, pid } of sampled) {
    const printed = execa("perf", ["script", "-i", data, "--pid", String(pid), "-F", "comm,pid,tid,ip,sym,dso"], { lines: true });
    const stacks = stacksOf((await printed).stdout);
    const file = join(output, `${label}-${role}.svg`);
    await writeFile(file, flameGraph(`${role}, ${inFlight} puts of ${bytes} bytes in flight`, stacks));
    process.stdout.write(`${file}: ${Math.round(perSecond)} puts per second meanwhile\n`);
  }
  await Promise.all(target.cluster.nodes.map(({ pid }) => rm(`/tmp/perf-${pid}.map`, { force: true })));
}

const signal = abortOnSignals();
await runToTheEnd(async () => {
  const options = parseOptions();
  if (options === undefined) {
    process.stdout.write(usage);
    return process.argv.includes("--help") ? 0 : 2;
  }
  const target = await startRaftctl(["--perf-basic-prof"]);
  try {
    await unlessAborted(signal, draw(options, target));
    return 0;
  } finally {
    await target.stop();
  }
});

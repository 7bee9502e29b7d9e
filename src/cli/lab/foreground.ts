// `lab up` at a terminal: progress, a first put and get through the real command line, the status table, what to try next, and then it stays until
// Ctrl-C, SIGTERM, the end of the terminal, or the end of the lab. It leaves no process and no directory.

import { RaftctlError, toRaftctlError } from "../../base/errors.ts";
import { ownProgram } from "../daemon-process.ts";
import { ProgressLine } from "../progress-line.ts";
import { runCommand } from "./child-command.ts";
import { labDocument, labEnvironment, type LabDocument } from "./document.ts";
import { launchLab, type LabRequest, type RunningLab } from "./launch.ts";
import type { LabRecord } from "./record.ts";

export interface ForegroundOutput {
  print(text: string): void;
  note(text: string): void;
}

export type ForegroundRequest = Omit<LabRequest, "lifeline" | "onNode" | "signal"> & { readonly quiet: boolean };

const stopSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const interruptedExits = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** @returns what ran, and the exit code: 0 when it was up and then told to stop, that of the signal when it was interrupted before. */
export async function runInForeground(request: ForegroundRequest, output: ForegroundOutput): Promise<{ document: LabDocument | undefined; exit: number }> {
  const stopping = new AbortController();
  let received: keyof typeof interruptedExits | undefined;
  for (const signal of stopSignals) {
    process.on(signal, () => {
      received = signal;
      stopping.abort();
    });
  }
  const lab = await launchWithProgress(request, stopping.signal).catch((thrown: unknown) => {
    if (received === undefined) throw toRaftctlError(thrown);
    return undefined;
  });
  if (lab === undefined) return { document: undefined, exit: interruptedExits[received!] };
  try {
    if (!stopping.signal.aborted) await demonstrate(lab, request.env, output);
    await firstOf(lab.ended, stopping.signal);
    if (received === undefined) throw new RaftctlError("STOPPED", `the lab ${lab.record.lab} was stopped from elsewhere`);
  } finally {
    output.note(`stopping ${lab.record.lab}`);
    await lab.stop();
  }
  output.note(request.keep ? `stopped; the data is in ${lab.record.dir}` : "stopped; nothing is left");
  return { document: labDocument(lab.record), exit: 0 };
}

async function launchWithProgress(request: ForegroundRequest, signal: AbortSignal): Promise<RunningLab> {
  const line = new ProgressLine(request.quiet);
  line.show(`starting ${request.nodes} ${request.nodes === 1 ? "node" : "nodes"}`);
  try {
    return await launchLab({ ...request, lifeline: true, signal, onNode: (node) => line.show(`${node.name} is up`, `(pid ${node.process.pid}, clients ${node.client})`) });
  } finally {
    line.end();
  }
}

/** Through the command line itself, as its user would: what is shown is what works. */
async function demonstrate({ record }: RunningLab, env: NodeJS.ProcessEnv, output: ForegroundOutput): Promise<void> {
  const own = labEnvironment(record, env);
  output.print(`lab ${record.lab} with ${record.nodes.length} nodes in ${record.dir}`);
  for (const words of [["put", "greeting", "hello"], ["get", "greeting"], ["status", "--all-nodes"]]) {
    output.print(`\n$ raftctl ${words.join(" ")}`);
    await runCommand([...ownProgram(), ...words], own);
  }
  output.print(`\n${nextSteps(record, env)}`);
}

function nextSteps(record: LabRecord, env: NodeJS.ProcessEnv): string {
  const document = labDocument(record);
  // From `npm start` nothing is installed: npx finds this checkout's own program.
  const name = env["npm_lifecycle_event"] === undefined ? "raftctl" : "npx raftctl";
  const [first, second] = document.nodes;
  return [
    "Try, in another terminal:",
    `  ${document.env}`,
    `  ${name} put app/mode blue`,
    `  ${name} get app/mode --json`,
    ...(second === undefined ? [] : [`  ${name} leader transfer ${second.name}`, `  kill -9 ${first?.pid}     # ${first?.name}; the others go on`]),
    `  ${name} status --all-nodes --watch 1s`,
    "",
    `Ctrl-C stops it${record.keep ? " and keeps the data" : " and removes everything"}.`,
  ].join("\n");
}

async function firstOf(ended: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
    void ended.then(resolve);
  });
}

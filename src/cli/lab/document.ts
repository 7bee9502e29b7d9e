// A lab as commands show it: its JSON document and the variables that make every other command talk to it.

import { isRunning } from "../process-identity.ts";
import type { LabRecord } from "./record.ts";

export interface LabDocument {
  readonly lab: string;
  readonly dir: string;
  readonly nodes: readonly LabNodeDocument[];
  /** host:port of the client listeners. */
  readonly endpoints: readonly string[];
  /** For eval in a shell. */
  readonly env: string;
}

export interface LabNodeDocument {
  readonly name: string;
  readonly id: string;
  readonly dataDir: string;
  readonly socket: string;
  readonly client: string;
  readonly peer: string;
  readonly pid: number;
  readonly running: boolean;
}

export function labDocument(record: LabRecord): LabDocument {
  const nodes = record.nodes.map(({ process, ...node }) => ({ ...node, pid: process.pid, running: isRunning(process) }));
  const variables = Object.entries(labVariables(record)).map(([name, value]) => `${name}=${value}`);
  return { lab: record.lab, dir: record.dir, nodes, endpoints: nodes.map((node) => node.client), env: `export ${variables.join(" ")}` };
}

/** Values hold letters, digits, dots, colons, commas and dashes only, so no shell needs quotes. */
export function labVariables(record: LabRecord): { RAFTCTL_ENDPOINT: string; RAFTCTL_LAB: string } {
  return { RAFTCTL_ENDPOINT: record.nodes.map((node) => node.client).join(","), RAFTCTL_LAB: record.lab };
}

/** The environment of a command that is about this lab and no other daemon. */
export function labEnvironment(record: LabRecord, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { RAFTCTL_SOCKET: _socket, RAFTCTL_CONTEXT: _context, ...rest } = env;
  return { ...rest, ...labVariables(record) };
}

// What `lab status` returns and prints: the recorded labs, and what each of their nodes says now.

import { globalRegionName } from "../../base/ids.ts";
import { withClient } from "../local-daemon.ts";
import { renderTable } from "../table.ts";
import { visible } from "../terminal.ts";
import { labDocument, type LabDocument, type LabNodeDocument } from "./document.ts";
import { readRecords, type LabRecord } from "./record.ts";
import { sweepDeadLabs } from "./remains.ts";
import { selectLab } from "./selection.ts";

export interface LabStatusDocument {
  readonly labs: readonly (Omit<LabDocument, "nodes"> & { readonly state: LabRecord["state"]; readonly nodes: readonly InspectedNode[] })[];
}

/** `role` is null when the node does not answer. */
export type InspectedNode = LabNodeDocument & { readonly role: string | null };

const answerTimeoutMs = 1_000;

export async function inspectLabs(name: string | undefined, env: NodeJS.ProcessEnv): Promise<LabStatusDocument> {
  await sweepDeadLabs(env);
  const records = name === undefined ? readRecords(env) : [selectLab(name, env)!];
  return { labs: await Promise.all(records.map(inspect)) };
}

async function inspect(record: LabRecord): Promise<LabStatusDocument["labs"][number]> {
  const document = labDocument(record);
  const nodes = await Promise.all(document.nodes.map(async (node) => ({ ...node, role: node.running ? await roleOf(node.socket) : null })));
  return { ...document, state: record.state, nodes };
}

async function roleOf(socket: string): Promise<string | null> {
  try {
    const { regions } = await withClient({ socket, timeoutMs: answerTimeoutMs }, (client) => client.admin.call("status", {}));
    return regions.find((region) => region.region === globalRegionName)?.role ?? null;
  } catch {
    return null;
  }
}

export function labsText({ labs }: LabStatusDocument): string {
  if (labs.length === 0) return "no lab is running";
  return labs.map((lab) => `${lab.lab}  ${lab.state}  ${visible(lab.dir)}\n${nodesTable(lab.nodes)}`).join("\n\n");
}

function nodesTable(nodes: readonly InspectedNode[]): string {
  return renderTable(nodes, [
    { title: "NODE", cell: (node) => node.name },
    { title: "ROLE", cell: (node) => node.role ?? (node.running ? "no answer" : "ended") },
    { title: "PID", cell: (node) => String(node.pid), align: "right" },
    { title: "CLIENT", cell: (node) => node.client },
    { title: "PEER", cell: (node) => node.peer },
    { title: "DATA", cell: (node) => visible(node.dataDir) },
  ]);
}

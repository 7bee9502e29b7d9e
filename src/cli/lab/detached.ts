// `lab up --detach`: returns when the lab is up. Interrupted before, it leaves nothing.

import { labDocument, type LabDocument } from "./document.ts";
import { launchLab, type LabRequest } from "./launch.ts";

export async function launchDetached(request: Omit<LabRequest, "lifeline" | "onNode" | "signal">, note: (text: string) => void): Promise<LabDocument> {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  const lab = await launchLab({ ...request, lifeline: false, signal: stopping.signal, onNode: (node) => note(`${node.name} is up (pid ${node.process.pid})`) });
  return labDocument(lab.record);
}

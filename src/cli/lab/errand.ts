// `lab run`: a lab for as long as one command runs.

import { toRaftctlError } from "../../base/errors.ts";
import { runCommand } from "./child-command.ts";
import { labEnvironment } from "./document.ts";
import { launchLab, type LabRequest } from "./launch.ts";

const exits = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** @returns the command's exit code; that of the signal when it came before the command could be run. */
export async function runInLab(
  request: Omit<LabRequest, "lifeline" | "onNode" | "signal">,
  command: readonly string[],
  stdout: "inherit" | number,
): Promise<{ lab: string; exit: number }> {
  const stopping = new AbortController();
  let interrupted: number | undefined;
  for (const [signal, exit] of Object.entries(exits)) {
    process.on(signal, () => {
      interrupted ??= exit;
      stopping.abort();
    });
  }
  const lab = await launchLab({ ...request, lifeline: true, signal: stopping.signal, onNode: () => undefined }).catch((thrown: unknown) => {
    if (interrupted === undefined) throw toRaftctlError(thrown);
    return undefined;
  });
  if (lab === undefined) return { lab: "", exit: interrupted! };
  try {
    return { lab: lab.record.lab, exit: interrupted ?? (await runCommand(command, labEnvironment(lab.record, request.env), stdout)) };
  } finally {
    await lab.stop();
  }
}

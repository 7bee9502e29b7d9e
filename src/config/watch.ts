// Watches one file that people or programs change, and tells when its content has changed: after a write in place, after an editor's rename over it, and after the
// swapped link of a mounted Kubernetes ConfigMap. Therefore it watches the folder, and compares what the file says, not what happened to it.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { watch } from "chokidar";

export interface FileWatch {
  close(): Promise<void>;
}

/**
 * Resolves when the watching has begun; what is changed afterwards is reported.
 * @param onChange after a change of content; never while the file is absent or empty, because a file is often emptied before it is written.
 */
export async function watchFile(file: string, onChange: () => void): Promise<FileWatch> {
  const path = resolve(file);
  const folder = dirname(path);
  let known = await digestOf(path);
  let reading = Promise.resolve();
  const compare = async (): Promise<void> => {
    const found = await digestOf(path);
    if (found === undefined || found === known) return;
    known = found;
    onChange();
  };
  const watcher = watch(folder, { depth: 0, ignoreInitial: true, ignored: (candidate) => !isOfInterest(candidate, folder, path) });
  watcher.on("all", () => {
    reading = reading.then(compare);
  });
  await new Promise<void>((ready) => {
    watcher.once("ready", ready);
  });
  return {
    async close() {
      await watcher.close();
      await reading;
    },
  };
}

/** A mounted ConfigMap is replaced by pointing the link `..data` beside the file somewhere else. */
function isOfInterest(candidate: string, folder: string, file: string): boolean {
  return candidate === folder || candidate === file || basename(candidate).startsWith("..");
}

async function digestOf(file: string): Promise<string | undefined> {
  const content = await readFile(file).catch(() => undefined);
  if (content === undefined || content.length === 0) return undefined;
  return createHash("sha256").update(content).digest("hex");
}

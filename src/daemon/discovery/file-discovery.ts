// Addresses in a file that somebody else writes: an operator, a cloud-init script, a mounted ConfigMap. It is read again whenever it changes.

import { readFile } from "node:fs/promises";
import { RaftctlError, toRaftctlError } from "../../base/errors.ts";
import { watchFile, type FileWatch } from "../../config/watch.ts";
import { ChangeReporter } from "./changes.ts";
import type { DiscoveredNode, Discovery, DiscoveryOwner, DiscoveryWatch } from "./discovery.ts";
import { readNodeList } from "./node-list.ts";

/** A list of the largest number of nodes is far smaller. */
const fileBytesMax = 256 * 1024;

export class FileDiscovery implements Discovery {
  readonly source: string;
  readonly #file: string;

  constructor(file: string) {
    this.source = `file:${file}`;
    this.#file = file;
  }

  async lookup(): Promise<readonly DiscoveredNode[]> {
    const content = await readFile(this.#file).catch((error: unknown) => {
      const { message } = toRaftctlError(error);
      if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new RaftctlError("NOT_FOUND", `the discovery file ${this.#file} is not there`, { cause: error });
      throw new RaftctlError("IO_ERROR", `the discovery file ${this.#file} cannot be read: ${message}`, { cause: error });
    });
    if (content.length > fileBytesMax) throw new RaftctlError("INVALID_ARGUMENT", `the discovery file ${this.#file} has ${content.length} bytes, more than ${fileBytesMax}`);
    return readNodeList(content.toString("utf8"), this.#file);
  }

  watch(owner: DiscoveryOwner): DiscoveryWatch {
    const reporter = new ChangeReporter(() => this.lookup(), owner);
    // What was written before the watching began is seen by the look behind it.
    const watching: Promise<FileWatch | undefined> = watchFile(this.#file, () => void reporter.look()).catch((error: unknown) => {
      owner.failed(toRaftctlError(error));
      return undefined;
    });
    void reporter.look();
    void watching.then(() => reporter.look());
    return {
      close: async () => {
        await (await watching)?.close();
        await reporter.close();
      },
    };
  }
}

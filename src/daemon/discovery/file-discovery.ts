// Addresses in a file that somebody else writes: an operator, a cloud-init script, a mounted ConfigMap. A watch reads it again whenever it changes. Only so
// much is read as a list may have, and nothing but a file: a pipe would wait for its writer.

import { open, stat } from "node:fs/promises";
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
    return this.#nodes(await this.#text());
  }

  watch(owner: DiscoveryOwner): DiscoveryWatch {
    let known: readonly DiscoveredNode[] = [];
    const reporter = new ChangeReporter(async () => {
      const text = await this.#text();
      // A file is often emptied before it is written; whoever means that nobody is there leaves a comment.
      if (text !== "") known = this.#nodes(text);
      return known;
    }, owner);
    // What was written before the watching began is seen by the look behind it.
    const watching: Promise<FileWatch | undefined> = watchFile(this.#file, () => void reporter.look()).catch((error: unknown) => {
      owner.failed(toRaftctlError(error));
      return undefined;
    });
    void reporter.look();
    void watching.then(() => reporter.look());
    return {
      close: async () => {
        const closed = reporter.close();
        await (await watching)?.close();
        await closed;
      },
    };
  }

  #nodes(text: string): readonly DiscoveredNode[] {
    return readNodeList(text.split(/\r?\n/), this.#file, "line");
  }

  async #text(): Promise<string> {
    try {
      return await this.#read();
    } catch (error) {
      if (error instanceof RaftctlError) throw error;
      if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new RaftctlError("NOT_FOUND", `the discovery file ${this.#file} is not there`, { cause: error });
      throw new RaftctlError("IO_ERROR", `the discovery file ${this.#file} cannot be read: ${toRaftctlError(error).message}`, { cause: error });
    }
  }

  async #read(): Promise<string> {
    if (!(await stat(this.#file)).isFile()) throw new RaftctlError("INVALID_ARGUMENT", `the discovery file ${this.#file} is not a file`);
    const handle = await open(this.#file, "r");
    try {
      const content = Buffer.alloc(fileBytesMax + 1);
      let length = 0;
      for (let read = -1; read !== 0 && length < content.length; length += read) read = (await handle.read(content, length)).bytesRead;
      if (length > fileBytesMax) throw new RaftctlError("INVALID_ARGUMENT", `the discovery file ${this.#file} has more than ${fileBytesMax} bytes`);
      return content.toString("utf8", 0, length);
    } finally {
      await handle.close();
    }
  }
}

// A copy of the tree in which bugs are planted, one at a time: the checkout itself is never changed. Packages are shared by a link.

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { plant, type Mutant } from "./mutant.ts";

const copied = /^(?:src|test|tools|schemas|package\.json|tsconfig.*\.json|vitest\.config\.ts|pure-globals\.d\.ts)$/;

export class Workspace {
  readonly directory: string;

  /** @param repository the root of the tree that is copied, as it stands now. */
  constructor(repository: string) {
    this.directory = mkdtempSync(join(tmpdir(), "raftctl-mutants-"));
    for (const name of readdirSync(repository).filter((entry) => copied.test(entry))) {
      cpSync(join(repository, name), join(this.directory, name), { recursive: true });
    }
    symlinkSync(join(repository, "node_modules"), join(this.directory, "node_modules"));
  }

  /** @returns a function that takes the bug out again. */
  plant(mutant: Mutant): () => void {
    const path = join(this.directory, mutant.file);
    const original = readFileSync(path, "utf8");
    writeFileSync(path, plant(original, mutant));
    return () => writeFileSync(path, original);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

// The programs that the documents show: each block of TypeScript that is followed by what it prints, and the file in which it stands here.

import { readdirSync, readFileSync } from "node:fs";

export interface DocumentedProgram {
  readonly document: string;
  /** Beside this file. */
  readonly file: string;
  readonly code: string;
  readonly output: string;
}

const here = new URL(".", import.meta.url);
const files = readdirSync(here).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && name !== "documented-programs.ts");
const firstLines = new Map(files.map((name) => [firstLine(readFileSync(new URL(name, here), "utf8")), name]));

export const documentedPrograms: readonly DocumentedProgram[] = ["docs/embedding.md", "docs/library.md"].flatMap((document) => {
  const text = readFileSync(new URL(`../../${document}`, import.meta.url), "utf8");
  return [...text.matchAll(/```ts\n([\s\S]*?)```\n\nIt prints:\n\n```text\n([\s\S]*?)```/g)].map(([, code, output]) => {
    const file = firstLines.get(firstLine(code!));
    if (file === undefined) throw new Error(`${document} shows a program that stands nowhere in test/examples: ${firstLine(code!)}`);
    return { document, file, code: code!, output: output! };
  });
});

if (documentedPrograms.length !== files.length) throw new Error(`${files.length} programs, ${documentedPrograms.length} of them in the documents`);

function firstLine(text: string): string {
  return text.slice(0, text.indexOf("\n"));
}

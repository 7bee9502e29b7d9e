// Asks before something is done that cannot be undone. Only a person at a terminal is asked; a script has to say --yes.

import { createInterface } from "node:readline/promises";
import { RaftctlError } from "../base/errors.ts";

/** @param question what is about to happen, without a question mark. @throws UNSAFE when nobody can be asked or the answer is no. */
export async function confirm(question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY) throw new RaftctlError("UNSAFE", `${question}: needs --yes, because there is no terminal to ask on`);
  const dialogue = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await dialogue.question(`${question}. Continue? [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new RaftctlError("UNSAFE", "not confirmed, nothing was changed");
  } finally {
    dialogue.close();
  }
}

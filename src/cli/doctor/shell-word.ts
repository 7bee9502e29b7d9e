// A text of somebody else (a name, a path, an address) as one word of a command that an operator is going to paste into a shell: whatever it
// contains, it stays one word and runs nothing.

/** Quoted where a shell needs it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

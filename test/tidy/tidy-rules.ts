// What a file of this repository may look like, apart from what the linter checks: its opening, its size, its name and words that must not stand in
// it. Each rule takes one file and returns what is wrong with it in one line, or undefined.

export interface TextFile {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly text: string;
}

export type Rule = (file: TextFile) => string | undefined;

const linesMax = 400;
const bannedNames = ["util", "utils", "helper", "helpers", "common", "manager", "service", "services", "impl", "misc", "shared"];
// Joined here, so that this file does not break its own rule.
const joined = (...parts: string[]): string => parts.join("");
const leftovers = [
  new RegExp(joined(String.raw`\b`, "(TO", "DO|FIX", "ME|XX", String.raw`X)\b`)),
  new RegExp(joined(String.raw`\b(?:test|it|describe|suite)(?:\.\w+)*\.(?:on`, "ly|sk", "ip|to", String.raw`do|fails|skipIf|runIf)\b`)),
  new RegExp(joined("(?:ox", "lint|es", "lint|biome|prettier)-(?:dis", "able|ig", "nore)")),
  new RegExp(joined("@ts-(?:ig", "nore|no", "check)")),
  new RegExp(joined(String.raw`\bretry: *[1-9]`)),
];
const outsiders = [
  new RegExp(joined("/wo", String.raw`rk(?:/|\b)`)),
  new RegExp(joined(String.raw`\bregistry\.`, "npm", String.raw`js|https?://(?:npm|registry|proxy)\.`)),
  new RegExp(joined(String.raw`\b[Ii]ss`, String.raw`ue #\d`)),
  new RegExp(joined("(?:DES", "IGN|REQUIRE", "MENTS|HAZ", "ARDS|TOOL", String.raw`CHAIN|PRODUCT)\.md`)),
];

export const isSource = (path: string): boolean => /^(?:src|test|bin|tools)\/.*\.(?:ts|js|sh)$/.test(path);

/** 400 lines, comments included: past that a file holds more than one idea. */
export const size: Rule = ({ path, text }) => {
  const lines = text.split("\n").length - 1;
  return isSource(path) && lines > linesMax ? `${path}: ${lines} lines, at most ${linesMax}` : undefined;
};

/** A reader learns from the first lines what the file is for. A command says it in its summary, which its help shows, too; a test in its titles. */
export const opening: Rule = ({ path, text }) => {
  if (!isSource(path) || path.endsWith(".test.ts")) return undefined;
  if (path.startsWith("src/commands/") && /^ {2}static override summary = /m.test(text)) return undefined;
  const first = text.replace(/^#![^\n]*\n/, "").trimStart();
  return /^(?:\/\/|\/\*|#) ?\S/.test(first) ? undefined : `${path}: does not open with a comment that says what it is for`;
};

export const name: Rule = ({ path }) => {
  const folders = path.split("/");
  const file = folders.pop()!;
  const stem = file.replace(/^\./, "").replace(/(?:\.(?:test|d|config))?\.[a-z]+$/, "");
  const odd = [...folders.filter((folder) => !folder.startsWith(".")), stem].find((part) => !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(part));
  if (odd !== undefined && isSource(path)) return `${path}: "${odd}" is not kebab-case`;
  const banned = [...folders, stem].flatMap((part) => part.split("-")).find((word) => bannedNames.includes(word));
  return banned === undefined || !isSource(path) ? undefined : `${path}: "${banned}" says nothing; name what it is`;
};

export const nothingLeftOver: Rule = ({ path, text }) => {
  const hit = isSource(path) ? leftovers.map((pattern) => pattern.exec(text)).find((found) => found !== null) : undefined;
  return hit === undefined ? undefined : `${path}:${lineOf(text, hit.index)}: ${hit[0]}`;
};

/** The repository speaks of the product alone. */
export const noOutsiders: Rule = ({ path, text }) => {
  const hit = outsiders.map((pattern) => pattern.exec(text)).find((found) => found !== null);
  return hit === undefined ? undefined : `${path}:${lineOf(text, hit.index)}: ${hit[0]}`;
};

/** Commands are thin: parse, one call, render. */
export const thinCommand: Rule = ({ path, text }) => {
  const lines = text.split("\n").length - 1;
  return path.startsWith("src/commands/") && lines > 120 ? `${path}: ${lines} lines; a command parses, calls and renders, at most 120` : undefined;
};

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

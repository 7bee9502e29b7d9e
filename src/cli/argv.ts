// Global flags may stand before the command (`raftctl --json put k v`); oclif knows them only behind it. This moves them there, says `put --help` for
// `help put`, and changes nothing else. It knows their names without loading a command, and a test holds the list against flags.ts.

export const switchNames: ReadonlySet<string> = new Set(["--json", "--quiet", "--no-color"]);
export const valueNames: ReadonlySet<string> = new Set([
  "--socket", "-S", "--endpoint", "-e", "--context", "-c", "--region", "-r", "--timeout",
]);

export function normalizeArguments(argv: readonly string[]): string[] {
  let place = 0;
  for (let length = leadingFlagLength(argv, place); length > 0; length = leadingFlagLength(argv, place)) place += length;
  const leading = argv.slice(0, place);
  const rest = argv.slice(place);
  if (rest.length === 0) return [];
  if (rest[0] === "help") return [...rest.slice(1), "--help"];
  const end = rest.indexOf("--");
  return end === -1 ? [...rest, ...leading] : [...rest.slice(0, end), ...leading, ...rest.slice(end)];
}

/** How many words the global flag at `place` takes; 0 when there is none. */
function leadingFlagLength(argv: readonly string[], place: number): number {
  const word = argv[place];
  if (word === undefined) return 0;
  if (switchNames.has(word)) return 1;
  if (valueNames.has(word)) return argv[place + 1] === undefined ? 0 : 2;
  const [name = ""] = word.split("=", 1);
  const joined = word.includes("=") && valueNames.has(name);
  const short = /^-[A-Za-z]./.test(word) && valueNames.has(word.slice(0, 2));
  return joined || short ? 1 : 0;
}

/** Whether `--json` or another switch stands among the words before "--". */
export function hasSwitch(argv: readonly string[], name: string): boolean {
  const end = argv.indexOf("--");
  return (end === -1 ? argv : argv.slice(0, end)).includes(name);
}

/** The words of another command line: those behind the first "--". */
export function behindDashes(argv: readonly string[]): readonly string[] {
  const place = argv.indexOf("--");
  return place === -1 ? [] : argv.slice(place + 1);
}

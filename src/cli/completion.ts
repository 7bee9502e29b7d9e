// Completion scripts for bash, zsh and fish, made from the same description of the commands as the help: words after each path of words, the
// flags of each command, and the values of flags that have a fixed set. Static: a script never runs raftctl.

export interface CompletionFlag {
  readonly name: string;
  readonly char: string | undefined;
  readonly description: string;
  readonly takesValue: boolean;
  readonly values: readonly string[];
}

export interface CompletionCommand {
  /** "member list" */
  readonly path: string;
  readonly summary: string;
  readonly flags: readonly CompletionFlag[];
}

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

export function completionScript(shell: Shell, bin: string, commands: readonly CompletionCommand[]): string {
  return { bash, zsh, fish }[shell](bin, commands);
}

interface Word {
  readonly word: string;
  readonly summary: string;
}

/** The words that may follow each path: "" is the program's name alone. */
function wordsByPath(commands: readonly CompletionCommand[]): Map<string, Word[]> {
  const byPath = new Map<string, Word[]>();
  for (const command of commands) {
    const words = command.path.split(" ");
    for (const [place, word] of words.entries()) {
      const following = getOrMake(byPath, words.slice(0, place).join(" "));
      const summary = place === words.length - 1 ? command.summary : `${word} commands`;
      if (!following.some((known) => known.word === word)) following.push({ word, summary });
    }
  }
  return byPath;
}

function getOrMake(byPath: Map<string, Word[]>, path: string): Word[] {
  const words = byPath.get(path) ?? [];
  byPath.set(path, words);
  return words;
}

function flagWords(command: CompletionCommand): string[] {
  return command.flags.flatMap((flag) => [`--${flag.name}`, ...(flag.char === undefined ? [] : [`-${flag.char}`])]);
}

/** bash and zsh find the command in the same way: words that lead on along a known path, flags and their values passed over. */
function findPath(words: string, paths: readonly string[]): string {
  const known = paths.filter((path) => path !== "").map((path) => `"${path}"`).join("|");
  return `  local path="" word
  for word in ${words}; do
    case "\${path:+$path }$word" in ${known}) path="\${path:+$path }$word" ;; esac
  done`;
}

function valueCases(commands: readonly CompletionCommand[], reply: (values: string) => string): string[] {
  return commands.flatMap((command) =>
    command.flags.filter((flag) => flag.values.length > 0).map((flag) => `    "${command.path} --${flag.name}") ${reply(flag.values.join(" "))}; return ;;`));
}

function bash(bin: string, commands: readonly CompletionCommand[]): string {
  const words = wordsByPath(commands);
  const paths = [...new Set([...words.keys(), ...commands.map((command) => command.path)])];
  const reply = (choices: string): string => `COMPREPLY=($(compgen -W "${choices}" -- "$current"))`;
  const cases = paths.map((path) => {
    const flags = commands.filter((command) => command.path === path).flatMap(flagWords);
    return `    "${path}") ${reply([...(words.get(path) ?? []).map(({ word }) => word), ...flags].join(" "))} ;;`;
  });
  return `# bash completion for ${bin}: source <(${bin} completion bash)
_${bin}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
${findPath('"${COMP_WORDS[@]:1:COMP_CWORD-1}"', paths)}
  case "$path $previous" in
${valueCases(commands, reply).join("\n")}
  esac
  case "$path" in
${cases.join("\n")}
  esac
}
complete -o default -F _${bin} ${bin}
`;
}

function zsh(bin: string, commands: readonly CompletionCommand[]): string {
  const words = wordsByPath(commands);
  const paths = [...new Set([...words.keys(), ...commands.map((command) => command.path)])];
  const cases = paths.map((path) => {
    const flags = commands.filter((command) => command.path === path).flatMap((command) => command.flags);
    const choices = [
      ...(words.get(path) ?? []).map(({ word, summary }) => `${word}:${summary}`),
      ...flags.map((flag) => `--${flag.name}:${flag.description}`),
    ];
    return `    "${path}") choices=(${choices.map(shellQuote).join(" ")}) ;;`;
  });
  return `#compdef ${bin}
# zsh completion for ${bin}: source <(${bin} completion zsh)
_${bin}() {
  local -a choices
  local previous="\${words[CURRENT-1]}"
${findPath('"${(@)words[2,CURRENT-1]}"', paths)}
  case "$path $previous" in
${valueCases(commands, (values) => `compadd ${values}`).join("\n")}
  esac
  case "$path" in
${cases.join("\n")}
  esac
  _describe '${bin}' choices || _files
}
compdef _${bin} ${bin}
`;
}

function fish(bin: string, commands: readonly CompletionCommand[]): string {
  const words = wordsByPath(commands);
  const paths = [...new Set([...words.keys(), ...commands.map((command) => command.path)])].filter((path) => path !== "");
  const at = (path: string): string => `complete -c ${bin} -n 'test (__${bin}_path) = "${path}"'`;
  const wordLines = [...words].flatMap(([path, following]) => following.map(({ word, summary }) => `${at(path)} -f -a ${word} -d ${fishQuote(summary)}`));
  const flagLines = commands.flatMap((command) => command.flags.map((flag) => `${at(command.path)} ${fishFlag(flag)}`));
  return `# fish completion for ${bin}: ${bin} completion fish | source
function __${bin}_path
  set -l path ""
  for word in (commandline -opc)[2..]
    set -l longer (string trim "$path $word")
    if contains -- $longer ${paths.map((path) => `"${path}"`).join(" ")}
      set path $longer
    end
  end
  echo -n "$path"
end
${[...wordLines, ...flagLines].join("\n")}
`;
}

function fishFlag(flag: CompletionFlag): string {
  const short = flag.char === undefined ? "" : ` -s ${flag.char}`;
  const value = flag.values.length > 0 ? ` -x -a '${flag.values.join(" ")}'` : flag.takesValue ? " -r" : " -f";
  return `-l ${flag.name}${short}${value} -d ${fishQuote(flag.description)}`;
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function fishQuote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

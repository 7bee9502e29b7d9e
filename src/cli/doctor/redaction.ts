// A document in which nobody is named: hosts, IP addresses, names of nodes, paths and cluster ids become pseudonyms, the same one wherever the same thing
// stands, also inside of messages. Ports, ids of nodes, terms and indexes stay, so that one still sees who means whom. What the cluster knows by name
// is found wherever it stands as a word; what only looks like an address or a path is replaced as well.

import type { BundleContent } from "./bundle-document.ts";
import { knownTerms, type TermKind, type Terms } from "./redaction-terms.ts";

export function redacted(content: BundleContent): BundleContent {
  const pseudonyms = new Pseudonyms(knownTerms(content));
  return mapped(content, (text) => pseudonyms.inText(text)) as BundleContent;
}

/** Every string of the document. Names of fields are ours; only a configuration that another version has sent could have others. */
function mapped(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((part) => mapped(part, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [/^[A-Za-z.]+$/.test(key) ? key : change(key), mapped(part, change)]));
}

/** What looks like one of these, whoever it belongs to. In the order in which they are tried at a place. */
const shapes: readonly (readonly [TermKind, RegExp])[] = [
  ["cluster", /(?<![0-9a-z])[0-9a-f]{32}(?![0-9a-z])/],
  ["host", /(?<=\w:\/\/)[^\s"']+/],
  ["path", /(?<![\w./-])(?:\.{1,2}|~)?\/(?!\/)[^\s"'`,;()<>|]*[^\s"'`,;()<>|:.]/],
  ["host", /(?<=\bdns:)[^\s"',;]+/],
  ["host", /(?<=\b(?:ENOTFOUND|EAI_AGAIN|ENODATA|ESERVFAIL) )[^\s"',;:]+/],
  ["host", /(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]\d)/],
  ["host", /(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f.]*(?![\w:])/],
  ["host", /(?<![\w.-])(?!\d{4}-\d\d-\d\dT)(?=[\w.-]*[a-z])[a-z0-9](?:[\w.-]*[\w])?(?=:\d{1,5}(?!\d))/],
  ["host", /(?<![\w.-])(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?\.){2,}[a-z]{2,}(?![\w-])/],
];

class Pseudonyms {
  readonly #known: ReadonlyMap<string, TermKind>;
  readonly #given = new Map<string, string>();
  readonly #pattern: RegExp;
  readonly #counts = new Map<TermKind, number>();

  constructor(terms: Terms) {
    const known = [...terms].flatMap(([kind, texts]) => [...texts].map((text) => [text.toLowerCase(), kind] as const));
    // Of two kinds for one text the first counts.
    this.#known = new Map(known.toReversed());
    const words = [...this.#known.keys()].toSorted((left, right) => right.length - left.length);
    // What has a form of its own is tried before the shapes, a mere word behind them: "n1" is not all of "n1.example.org".
    const hasForm = (word: string): boolean => /[/:]/.test(word);
    const parts = [...words.filter(hasForm).map(asWord), ...shapes.map(([, shape]) => `(?:${shape.source})`), ...words.filter((word) => !hasForm(word)).map(asWord)];
    this.#pattern = new RegExp(parts.join("|"), "gi");
  }

  inText(text: string): string {
    return text.replaceAll(this.#pattern, (found, ...rest) => {
      const kind = this.#known.get(found.toLowerCase()) ?? kindOf(found, String(rest.at(-1)), Number(rest.at(-2)));
      return kind === undefined ? found : this.#pseudonym(kind, found.toLowerCase());
    });
  }

  /** Numbered as they come; never what is somebody's real name. */
  #pseudonym(kind: TermKind, original: string): string {
    const key = `${kind} ${original}`;
    const given = this.#given.get(key);
    if (given !== undefined) return given;
    let pseudonym: string;
    do {
      const count = (this.#counts.get(kind) ?? 0) + 1;
      this.#counts.set(kind, count);
      pseudonym = `${kind === "path" ? "/" : ""}${kind}-${count}`;
    } while (this.#known.has(pseudonym));
    this.#given.set(key, pseudonym);
    return pseudonym;
  }
}

/** Only as a whole word; of a path also what lies in that directory, whose own name then stays. */
function asWord(text: string): string {
  const escaped = text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`);
  return text.includes("/") ? `(?<![\\w.-])${escaped}(?![\\w.-])` : `(?<![a-z0-9])${escaped}(?![a-z0-9])`;
}

/** undefined: it is none after all, as a time of day is no IPv6 address. */
function kindOf(found: string, text: string, offset: number): TermKind | undefined {
  for (const [kind, shape] of shapes) {
    const sticky = new RegExp(shape.source, "giy");
    sticky.lastIndex = offset;
    if (sticky.exec(text)?.[0] !== found) continue;
    const isLikeIp = /^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(found);
    return isLikeIp && !isIpv6(found) ? undefined : kind;
  }
  return undefined;
}

/** Eight groups, or fewer around one "::"; the last two may stand as IPv4. */
function isIpv6(text: string): boolean {
  const halves = text.split("::");
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":"))).flatMap((group) => (/^\d+(?:\.\d+){3}$/.test(group) ? ["0", "0"] : [group]));
  const fits = halves.length === 1 ? groups.length === 8 : halves.length === 2 && groups.length < 8;
  return fits && groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group));
}

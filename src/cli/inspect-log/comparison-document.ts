// What `inspect-log diff` returns: the verdict, of each log how far it reaches, of each pair where they part, and what everybody holds there.

import { RaftctlError } from "../../base/errors.ts";
import type { Compared, ComparedLog } from "./comparing.ts";
import type { Difference, PairComparison } from "./comparison.ts";
import { entryDocument, hexadecimal, type EntryDocument } from "./documents.ts";
import { lastIndexOf, type Verdict } from "./node-log.ts";

export interface ComparedLogDocument {
  name: string;
  source: "live" | "directory" | null;
  firstIndex: string;
  lastIndex: string;
  commitIndex: string;
  snapshots: { index: string; term: string; digest: string | null }[];
  damage: string | null;
}

export interface PairDocument {
  left: string;
  right: string;
  verdict: Verdict;
  compared: { firstIndex: string; lastIndex: string } | null;
  differsAt: string | null;
}

export interface HoldingDocument {
  nodes: string[];
  term: string | null;
  type: string | null;
  crc: string | null;
  entry: EntryDocument | null;
}

export interface DifferenceDocument {
  index: string;
  held: HoldingDocument[];
  majority: string[];
  committedOn: string[];
}

export interface ComparisonDocument {
  verdict: Verdict;
  logs: ComparedLogDocument[];
  pairs: PairDocument[];
  firstDifference: DifferenceDocument | null;
}

const legal: ReadonlySet<Verdict> = new Set<Verdict>(["missing-tail", "uncommitted-divergence"]);

export function comparisonDocument(compared: Compared): ComparisonDocument {
  const { logs, comparison } = compared;
  const { verdict, pairs, firstDifference } = comparison;
  return {
    verdict,
    logs: logs.map(logDocument),
    pairs: pairs.map(pairDocument),
    firstDifference: firstDifference === undefined ? null : differenceDocument(firstDifference, compared),
  };
}

/** Exit 12 for what may be, 13 for what may not. */
export function comparisonFinding({ verdict, logs, firstDifference }: ComparisonDocument): RaftctlError | undefined {
  if (verdict === "identical") return undefined;
  const where = firstDifference === null ? "" : `, first at index ${firstDifference.index}`;
  if (legal.has(verdict)) return new RaftctlError("DIFFERENT", `the logs differ legally: ${verdict}${where}`);
  const damaged = logs.find(({ damage }) => damage !== null);
  if (verdict === "damage") return new RaftctlError("CORRUPT", `the log of ${damaged!.name} cannot be read: ${damaged!.damage}`, { hint: "raftctl inspect-log verify --data-dir" });
  return new RaftctlError("CORRUPT", `the logs contradict each other: ${verdict}${where}`, {
    hint: "stop the nodes in the minority, keep copies of all their directories, and replace them: raftctl member replace",
  });
}

function logDocument({ name, source, log }: ComparedLog): ComparedLogDocument {
  return {
    name, source: source?.header.source ?? null,
    firstIndex: String(log.start.index + 1), lastIndex: String(lastIndexOf(log)), commitIndex: String(log.commitIndex),
    snapshots: log.snapshots.map(({ index, term, digest }) => ({ index: String(index), term: String(term), digest })),
    damage: log.damage,
  };
}

function pairDocument({ left, right, verdict, compared, differsAt }: PairComparison): PairDocument {
  return {
    left, right, verdict,
    compared: compared === undefined ? null : { firstIndex: String(compared.first), lastIndex: String(compared.last) },
    differsAt: differsAt === undefined ? null : String(differsAt),
  };
}

function differenceDocument({ index, held, majority, committedOn }: Difference, { entries }: Compared): DifferenceDocument {
  return {
    index: String(index),
    held: held.map(({ entry, nodes }) => {
      const decoded = nodes.map((name) => entries.get(name)).find((found) => found !== undefined);
      const mark = entry === undefined ? { term: null, type: null, crc: null } : { term: String(entry.term), type: entry.type, crc: hexadecimal(entry.crc) };
      return { nodes: [...nodes], ...mark, entry: decoded === undefined ? null : entryDocument(decoded) };
    }),
    majority: [...majority], committedOn: [...committedOn],
  };
}

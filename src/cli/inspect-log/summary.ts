// `raftctl inspect-log summary`: what a log is made of, without its entries: where it begins and ends, terms, counts, sessions, keys, snapshots, segments.

import type { LogSegment, LogSource } from "../../wire/log-inspection.ts";
import { roughSize } from "../measure.ts";
import { renderTable } from "../table.ts";
import { visible } from "../terminal.ts";
import { headerDocument, snapshotDocument, type HeaderDocument, type SnapshotDocument } from "./documents.ts";
import { headerText } from "./entry-text.ts";
import { retained } from "./range.ts";
import { statisticsText } from "./statistics-text.ts";
import { LogStatistics, type StatisticsDocument } from "./statistics.ts";

export interface SummaryDocument {
  regions: (HeaderDocument & { snapshots: SnapshotDocument[]; statistics: StatisticsDocument })[];
}

export async function summarize(log: LogSource): Promise<{ document: SummaryDocument; text: string }> {
  const statistics = new LogStatistics();
  for await (const page of log.entries(retained(log.header), "sizes")) for (const entry of page) statistics.add(entry);
  const counted = statistics.document();
  const { header } = log;
  const region = { ...headerDocument(header), snapshots: header.snapshots.map(snapshotDocument), statistics: counted };
  return { document: { regions: [region] }, text: [headerText(header), "", statisticsText(counted), ...filesText(log)].join("\n") };
}

function filesText({ header: { snapshots, segments } }: LogSource): string[] {
  const lines: string[] = [];
  if (snapshots.length > 0) {
    lines.push("", renderTable(snapshots, [
      { title: "SNAPSHOT AT", cell: ({ index }) => String(index), align: "right" },
      { title: "TERM", cell: ({ term }) => String(term), align: "right" },
      { title: "BYTES", cell: ({ bytes }) => roughSize(bytes), align: "right" },
      { title: "DIGEST", cell: ({ digest }) => digest ?? "-" },
    ]));
  }
  lines.push("", renderTable(segments, [
    { title: "SEGMENT", cell: ({ file }) => visible(file) },
    { title: "BYTES", cell: ({ bytes }) => roughSize(bytes), align: "right" },
    { title: "STATE", cell: stateText },
    { title: "LAST INDEX", cell: ({ lastIndex }) => (lastIndex === null ? "-" : String(lastIndex)), align: "right" },
  ]));
  return lines;
}

function stateText({ state, purgeable }: LogSegment): string {
  return `${state ?? "-"}${purgeable === true ? ", purgeable" : ""}`;
}

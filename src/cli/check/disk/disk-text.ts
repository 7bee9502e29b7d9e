// What `check disk` found, for people.

import { roughDuration, roughSize } from "../../measure.ts";
import { visible } from "../../terminal.ts";
import { criteriaText } from "../criterion.ts";
import { latencyLine, latencyPicture } from "../latency-text.ts";
import type { DiskDocument } from "./disk-document.ts";

export function diskText({ directory, writeBytes, durationMs, perSecond, latency, criteria, verdict }: DiskDocument, isTerminal: boolean): string {
  return [
    `${visible(directory)}: appends of ${roughSize(writeBytes)} to a log, one after the other, for ${roughDuration(durationMs)}`,
    `${latency.count} synced, ${perSecond} per second`,
    latencyLine(latency),
    ...(isTerminal ? latencyPicture(latency) : []),
    ...(verdict === "void" ? [] : criteriaText(criteria)),
  ].join("\n");
}

// What `check perf` found, for people.

import { roughDuration, roughSize } from "../../measure.ts";
import { criteriaText } from "../criterion.ts";
import type { LatencyDocument } from "../latency-histogram.ts";
import { exactDuration, latencyLine, latencyPicture } from "../latency-text.ts";
import type { PerfDocument } from "./perf-document.ts";

export function perfText(document: PerfDocument, isTerminal: boolean): string {
  const { verdict, latency, writes, reads, criteria, loop, sendDelayP99Ms } = document;
  const isMixed = writes !== undefined && reads !== undefined;
  return [
    loadLine(document),
    outcomeLine(document),
    `latency${loop === "open" ? " from when it was meant to be sent" : ""}: ${latencyLine(latency)}`,
    ...(isMixed ? [partLine("writes", writes), partLine("reads", reads)] : []),
    ...(loop === "open" ? [`99 of 100 were sent at most ${exactDuration(sendDelayP99Ms)} late`] : []),
    ...(isTerminal ? latencyPicture(latency) : []),
    ...(verdict === "void" ? [] : criteriaText(criteria)),
  ].join("\n");
}

function loadLine({ load, ratePerSecond, clients, connections, inFlight, keys, valueBytes, readRatio, consistency, durationMs }: PerfDocument): string {
  const arrivals = ratePerSecond === undefined ? "closed loop" : `open loop, ${ratePerSecond} operations per second${load === undefined ? "" : ` (load ${load})`}`;
  const reads = readRatio === 0 ? "writes" : `${Math.round(readRatio * 100)}% ${consistency} reads, the rest writes`;
  return `${arrivals}, ${roughDuration(durationMs)}: ${clients} clients on ${connections} connections, ${inFlight} in flight each; ${reads} of ${roughSize(valueBytes)} on ${keys} keys`;
}

function outcomeLine({ answered, perSecond, busy, errors, notSent }: PerfDocument): string {
  const codes = Object.entries(errors).map(([code, count]) => `${count} ${code}`);
  const failed = codes.length === 0 ? "0 errors" : codes.join(", ");
  return `${answered} answered (${perSecond} per second), ${busy} BUSY, ${failed}${notSent === 0 ? "" : `, ${notSent} not sent`}`;
}

function partLine(name: string, latency: LatencyDocument): string {
  return `  ${name}: ${latency.count}  ${latencyLine(latency)}`;
}

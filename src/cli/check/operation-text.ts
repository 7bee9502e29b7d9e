// How an operation of a history is written for people: what was asked, what was told, when. Long values are cut; text of others is made visible.

import { visible } from "../terminal.ts";
import type { Completed, Condition, Operation } from "./history.ts";

const shownCharactersMax = 60;

export function shownValue(value: string): string {
  const text = value.length > shownCharactersMax ? `${value.slice(0, shownCharactersMax)}…` : value;
  return visible(JSON.stringify(text));
}

/** `put "v" if version is 3` */
export function requestText(operation: Operation): string {
  switch (operation.kind) {
    case "get":
    case "delete":
      return operation.kind;
    case "revoke":
      return "revoke the lease";
    case "expire":
      return "the lease ends";
    case "put":
      return `put ${shownValue(operation.value)}`;
    case "putIf":
      return `put ${shownValue(operation.value)} if ${conditionText(operation.condition)}`;
  }
}

function conditionText(condition: Condition): string {
  if ("absent" in condition) return "absent";
  return "version" in condition ? `version is ${condition.version}` : `value is ${shownValue(condition.value)}`;
}

/** `"v", version 3` */
export function answerText(item: Completed): string {
  const { outcome, error, output, operation } = item;
  if (operation.kind === "expire") return "from here on or never";
  if (outcome !== "ok") return error === undefined ? outcome : `${outcome}, ${visible(error)}`;
  if (output?.torn !== undefined) return `in part: ${visible(output.torn)}`;
  if (output?.ended === true) return "refused, the lease has ended";
  const version = output?.version === undefined || output.version === 0 ? "" : `, version ${output.version}`;
  switch (operation.kind) {
    case "get":
      return output?.value === undefined ? "absent" : `${shownValue(output.value)}${version}`;
    case "put":
      return `done${version}`;
    case "putIf":
      return `${output?.applied === false ? "refused" : "done"}${version}`;
    case "delete":
      return output?.found === false ? "done, was absent" : "done";
    case "revoke":
      return output?.found === false ? "refused, it had ended" : "done";
  }
}

/** `c1 get -> "v", version 3 (12.5 to 14 ms)` */
export function operationText(item: Completed): string {
  return `${visible(item.process)} ${requestText(item.operation)} -> ${answerText(item)} (${timeText(item)})`;
}

function timeText({ startedMs, endedMs, outcome }: Completed): string {
  const end = outcome === "unknown" ? "open" : `${milliseconds(endedMs)} ms`;
  return `${milliseconds(startedMs)} to ${end}`;
}

/** With at most one digit behind the point. */
export function milliseconds(time: number): string {
  return String(Number(time.toFixed(1)));
}

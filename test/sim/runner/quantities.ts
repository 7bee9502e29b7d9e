// How the runner's reports write numbers and times.

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

/** 12,345 */
export function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** One decimal below a hundred, none above. */
export function amount(value: number): string {
  return value < 100 ? value.toFixed(1) : whole(value);
}

/** "8s", "2m05s", "3h10m" */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / secondMs));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${padded(seconds % 60)}s`;
  return `${Math.floor(seconds / 3600)}h${padded(Math.floor(seconds / 60) % 60)}m`;
}

export function hours(ms: number): number {
  return ms / hourMs;
}

/** "90s", "10m", "1.5h" in ms; undefined: not a time, or not above zero. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,6}(?:\.\d{1,3})?)(s|m|h)$/.exec(text);
  if (match === null) return undefined;
  const unit = match[2] === "s" ? secondMs : match[2] === "m" ? minuteMs : hourMs;
  const ms = Number(match[1]) * unit;
  return ms > 0 ? ms : undefined;
}

function padded(value: number): string {
  return String(value).padStart(2, "0");
}

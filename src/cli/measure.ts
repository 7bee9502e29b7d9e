// Durations and sizes for the eye: rounded, short, never read back. What is exact stands in the JSON.

const sizes = [["TiB", 1024 ** 4], ["GiB", 1024 ** 3], ["MiB", 1024 ** 2], ["KiB", 1024]] as const;

/** "0.4ms", "12ms", "3.2s", "4m10s", "2h5m", "3d4h". */
export function roughDuration(ms: number): string {
  if (ms < 10) return `${Number(ms.toFixed(1))}ms`;
  if (ms < 1000) return `${Math.round(ms)}ms`;
  if (ms < 60_000) return `${Number((ms / 1000).toFixed(1))}s`;
  const seconds = Math.round(ms / 1000);
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (days > 0) return `${days}d${hours}h`;
  return hours > 0 ? `${hours}h${minutes}m` : `${minutes}m${seconds % 60}s`;
}

/** "300B", "1.5KiB", "64MiB". */
export function roughSize(bytes: number): string {
  for (const [unit, scale] of sizes) if (bytes >= scale) return `${Number((bytes / scale).toFixed(1))}${unit}`;
  return `${bytes}B`;
}

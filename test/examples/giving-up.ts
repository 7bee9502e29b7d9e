// Time limits, giving up, and what became of a write whose answer did not come.
import { setTimeout as pause } from "node:timers/promises";
import { Client, parseRequestId, RaftctlError } from "raftctl";

const endpoints = (process.env["RAFTCTL_ENDPOINT"] ?? "127.0.0.1:7400").split(",");
await using client = new Client({ endpoints, timeoutMs: 10_000 });

const controller = new AbortController();
const reading = client.kv.get("weather", { signal: controller.signal });
controller.abort(new Error("nobody wants to know any more"));
await reading.catch((error: unknown) => console.log((error as RaftctlError).code));

/** Writes, and does not rest before it knows whether it did. */
async function surely(key: string, value: string): Promise<"written" | "not written"> {
  for (;;) {
    try {
      await client.kv.put(key, value);
      return "written";
    } catch (error) {
      if (!(error instanceof RaftctlError)) throw error;
      const requestId = error.details?.["requestId"];
      if (error.outcome === "unknown" && typeof requestId === "string") return whatBecameOf(requestId);
      if (!error.retryable) return "not written";
      await pause(100);
    }
  }
}

async function whatBecameOf(requestId: string): Promise<"written" | "not written"> {
  const { state } = await client.kv.outcome(parseRequestId(requestId), { timeoutMs: 60_000 });
  return state === "applied" ? "written" : "not written";
}

console.log(await surely("weather", "rain"));

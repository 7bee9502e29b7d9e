// The second codec: the same values as JSON text, bytes as {"$bytes": "<base64>"}. For transports whose messages people want to read. It refuses
// what the msgpack codec refuses; a map whose only key is "$bytes" cannot be carried.

import { RaftctlError } from "../base/errors.ts";
import { refuseHarmfulKey, type Codec } from "../wire/codec.ts";
import { limits } from "../wire/limits.ts";

const bytesKey = "$bytes";

class JsonCodec implements Codec {
  encode(value: unknown, reserve: number): Uint8Array {
    const text = JSON.stringify(toJson(value));
    const bytes = Buffer.allocUnsafe(reserve + Buffer.byteLength(text));
    bytes.write(text, reserve);
    return bytes;
  }

  decode(bytes: Uint8Array): unknown {
    let parsed: unknown;
    try {
      parsed = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
    } catch (error) {
      throw badFrame((error as Error).message);
    }
    let nodes = 0;
    const revive = (value: unknown, depth: number): unknown => {
      nodes += 1;
      if (nodes > limits.nodesMax) throw badFrame(`more than ${limits.nodesMax} values`);
      if (depth > limits.depthMax) throw badFrame(`nested deeper than ${limits.depthMax}`);
      if (Array.isArray(value)) return value.map((part) => revive(part, depth + 1));
      return typeof value === "object" && value !== null ? reviveObject(value, (part) => revive(part, depth + 1)) : value;
    };
    return revive(parsed, 0);
  }
}

export const jsonCodec: Codec = new JsonCodec();

/** Not JSON.stringify's replacer: that is called after Buffer.toJSON. */
function toJson(value: unknown): unknown {
  if (value === undefined) return null;
  if (value instanceof Uint8Array) return { [bytesKey]: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64") };
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, toJson(part)]));
}

function reviveObject(object: object, revive: (part: unknown) => unknown): unknown {
  const entries = Object.entries(object) as [string, unknown][];
  const [first] = entries;
  if (entries.length === 1 && first?.[0] === bytesKey) return reviveBytes(first[1]);
  const result: Record<string, unknown> = {};
  for (const [key, part] of entries) {
    refuseHarmfulKey(key);
    result[key] = revive(part);
  }
  return result;
}

function reviveBytes(text: unknown): Uint8Array {
  if (typeof text !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw badFrame(`${bytesKey} is no base64`);
  return Buffer.from(text, "base64");
}

function badFrame(reason: string): RaftctlError {
  return new RaftctlError("BAD_FRAME", `not a message of this protocol: ${reason}`);
}

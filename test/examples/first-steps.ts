// Keys and values: write, read, write under a condition, read many.
import { Client, RaftctlError } from "raftctl";

const endpoints = (process.env["RAFTCTL_ENDPOINT"] ?? "127.0.0.1:7400").split(",");
await using client = new Client({ endpoints });
const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

const first = await client.kv.put("color", "green");
console.log(`version ${first.result?.version}`);
console.log(text((await client.kv.get("color")).record?.value));

// Only if nobody has changed it since.
const version = first.result!.version;
await client.kv.put("color", "blue", { condition: { kind: "version", version } });
try {
  await client.kv.put("color", "red", { condition: { kind: "version", version } });
} catch (error) {
  if (!(error instanceof RaftctlError) || error.code !== "CONFLICT") throw error;
  console.log(`somebody was faster: version ${String(error.details?.["version"])}`);
}

// What one turn asks for leaves in one write; the answers come when they come.
await Promise.all(["a", "b", "c"].map((name) => client.kv.put(`box/${name}`, name.toUpperCase())));
for await (const page of client.kv.pages({ start: "box/", end: "box0" })) {
  for (const { key, value } of page.records) console.log(`${text(key)} = ${text(value)}`);
}

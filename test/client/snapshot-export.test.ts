// Pulling a file from a node: a few reads under way, in order, and nothing that was changed on the way counts.

import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import type { Admin } from "../../src/client/admin.ts";
import { SnapshotExport } from "../../src/client/snapshot-export.ts";

const pieces = ["head", "body", "tail"].map((text) => new TextEncoder().encode(text));
const digest = createHash("sha256").update("headbodytail").digest("hex");

class Node {
  readonly asked: string[] = [];
  most = 0;
  #underWay = 0;
  sha256: string | null = digest;
  lostAt: number | undefined;

  readonly admin = {
    call: async (method: string, params: { part?: number }) => {
      this.asked.push(params.part === undefined ? method : `${method} ${params.part}`);
      if (method === "snapshotOpen") return { id: "1" };
      if (method === "snapshotClose") return { wasOpen: true, sha256: this.sha256 };
      this.#underWay += 1;
      this.most = Math.max(this.most, this.#underWay);
      await new Promise(setImmediate);
      this.#underWay -= 1;
      return this.#piece(params.part!);
    },
  } as unknown as Admin;

  #piece(part: number): Uint8Array {
    if (part === this.lostAt) throw new RaftctlError("CONNECTION_LOST", "gone");
    return pieces[part] ?? new Uint8Array(0);
  }
}

async function pull(node: Node): Promise<{ text: string; sha256: string }> {
  const source = await SnapshotExport.open(node.admin, { linearizable: true, compression: "none" }, { openMs: 1, readMs: 1 });
  let text = "";
  const arriving = source.pieces();
  for (;;) {
    const step = await arriving.next();
    if (step.done === true) return { text, sha256: step.value };
    text += new TextDecoder().decode(step.value);
  }
}

test("the pieces arrive in order with four reads under way, and the digest of the whole is answered", async () => {
  const node = new Node();
  expect(await pull(node)).toEqual({ text: "headbodytail", sha256: digest });
  expect(node.asked.slice(0, 4)).toEqual(["snapshotOpen", "snapshotRead 0", "snapshotRead 1", "snapshotRead 2"]);
  expect(node.asked.at(-1)).toBe("snapshotClose");
  expect(node.most).toBe(4);
});

test("what does not have the digest that the node sent is damage, and so is what it sent no digest of", async () => {
  for (const sent of ["0".repeat(64), null]) {
    const node = new Node();
    node.sha256 = sent;
    await expect(pull(node)).rejects.toMatchObject({ code: "CORRUPT" });
  }
});

test("a connection that is lost ends it with that error, and no rejection is left unhandled", async () => {
  const node = new Node();
  node.lostAt = 1;
  await expect(pull(node)).rejects.toMatchObject({ code: "CONNECTION_LOST" });
});

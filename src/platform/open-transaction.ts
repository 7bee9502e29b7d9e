// A transaction of lmdb that stays open from turn to turn: `transactionSync` ends when what its function has returned resolves. This resolves when it is told
// to, and lmdb then commits before `commit` returns.

import type { RootDatabase } from "lmdb";
import { assert } from "../base/assert.ts";

export class OpenTransaction {
  #onCommit: ((result: undefined) => void) | undefined;
  #onAbort: ((reason: unknown) => void) | undefined;

  static begin(database: RootDatabase<Uint8Array, Uint8Array>): OpenTransaction {
    const transaction = new OpenTransaction();
    void database.transactionSync(() => transaction);
    assert(transaction.#onCommit !== undefined, "lmdb waits for the end of a transaction that is not over");
    return transaction;
  }

  then(onCommit: (result: undefined) => void, onAbort: (reason: unknown) => void): void {
    this.#onCommit = onCommit;
    this.#onAbort = onAbort;
  }

  /** @throws what lmdb throws; it has rolled back then */
  commit(): void {
    this.#onCommit!(undefined);
  }

  abort(): void {
    const aborted = new Error("aborted");
    try {
      this.#onAbort!(aborted);
    } catch (thrown) {
      // lmdb hands on the reason when it has done it.
      if (thrown !== aborted) throw thrown;
    }
  }
}

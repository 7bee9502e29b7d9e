// Remembers that another node has refused this one because the cluster was recovered without it, so that whoever looks here learns it: one error in the
// log, and a warning in `status`. The node itself goes on: it cannot reach a majority, and what it holds may still be wanted.

import type { RaftctlError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { NodeStatus } from "../../wire/admin-protocol.ts";

export class FenceWatch {
  readonly #logger: Logger;
  #reason: string | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Said at every attempt to connect; logged when it changes. */
  readonly onFenced = ({ message, hint }: RaftctlError): void => {
    if (this.#reason === message) return;
    this.#reason = message;
    this.#logger.error({ hint }, message);
  };

  warnings(): NodeStatus["warnings"] {
    return this.#reason === undefined ? [] : [{ code: "CLUSTER_RECOVERED", message: this.#reason }];
  }
}

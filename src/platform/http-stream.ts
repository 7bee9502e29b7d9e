// An answer that goes on, such as a stream of events: written as fast as its reader takes it, and no faster. What waits for a reader is bounded by one piece
// and the socket's own buffer; who does not take it in time is cut off. While there is nothing to write a heartbeat keeps proxies from closing it.

import type { ServerResponse } from "node:http";
import type { Clock, Timer } from "../base/clock.ts";
import { RaftctlError } from "../base/errors.ts";

export interface HttpStream {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Written when nothing else was for a while: what its reader passes over. */
  readonly heartbeat: string;
  /** To its end, or until it is cancelled. `write` resolves when there is room for more; what it rejects with ends the stream. */
  readonly run: (write: (text: string) => Promise<void>) => Promise<void>;
  /** Nobody reads any more, or nothing is served any more: `run` ends soon. */
  readonly cancel: () => void;
}

export interface HttpStreamLimits {
  readonly heartbeatMs: number;
  /** How long a reader may take for what waits for him. */
  readonly stallMs: number;
}

export interface StreamWriterOptions {
  readonly clock: Clock;
  readonly limits: HttpStreamLimits;
  readonly heartbeat: string;
  /** Hears how many bytes wait for the reader, and how many no longer do. What it throws refuses them. */
  readonly hold: (bytes: number) => void;
  readonly release: (bytes: number) => void;
}

export class StreamWriter {
  readonly #response: ServerResponse;
  readonly #options: StreamWriterOptions;
  #heartbeat: Timer | undefined;
  #isWaiting = false;

  constructor(response: ServerResponse, options: StreamWriterOptions) {
    this.#response = response;
    this.#options = options;
    this.#rest();
  }

  /** One at a time. @throws CONNECTION_LOST when the reader is gone, or was cut off */
  readonly write = async (text: string): Promise<void> => {
    const { hold, release } = this.#options;
    if (this.#response.closed) throw gone();
    this.#heartbeat?.cancel();
    const bytes = Buffer.from(text);
    hold(bytes.length);
    if (!this.#response.write(bytes)) await this.#taken();
    release(bytes.length);
    this.#rest();
  };

  /** Nothing more will come: a reader who has not taken what waits is not waited for. */
  hurry(): void {
    if (this.#isWaiting) this.breakOff();
  }

  end(): void {
    this.#response.end();
    this.#heartbeat?.cancel();
  }

  /** What waits is not delivered. */
  breakOff(): void {
    this.#response.destroy();
    this.#heartbeat?.cancel();
  }

  #rest(): void {
    const { clock, limits, heartbeat } = this.#options;
    this.#heartbeat?.cancel();
    if (this.#response.closed || this.#response.writableEnded) return;
    this.#heartbeat = clock.at(clock.now() + limits.heartbeatMs, () => void this.write(heartbeat).catch(() => undefined));
  }

  #taken(): Promise<void> {
    const { clock, limits } = this.#options;
    this.#isWaiting = true;
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#isWaiting = false;
        cut.cancel();
        this.#response.off("drain", onDrain).off("close", onClose);
      };
      const onDrain = (): void => {
        end();
        resolve();
      };
      const onClose = (): void => {
        end();
        reject(gone());
      };
      const cut = clock.at(clock.now() + limits.stallMs, () => this.#response.destroy());
      this.#response.on("drain", onDrain).on("close", onClose);
    });
  }
}

function gone(): RaftctlError {
  return new RaftctlError("CONNECTION_LOST", "nobody reads the stream any more");
}

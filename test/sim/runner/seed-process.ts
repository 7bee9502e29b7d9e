// One child process, from the outside: what was asked and not yet answered, and a watch over the seed that it works on. A process that dies, or that
// does not finish a seed in time, gives that seed an outcome of its own; the seeds behind it go back to whoever handed them out.

import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { runnerProperties, unfinished } from "./seed-job.ts";
import type { SeedJob, SeedResult } from "./seed-job.ts";

export interface SeedProcessOwner {
  answered(process: SeedProcess, result: SeedResult): void;
  /** Nothing comes from this process any more. */
  ended(process: SeedProcess, left: LeftBehind): void;
}

export interface LeftBehind {
  /** Of the seed that it ended with, if it worked on one. */
  readonly failed: SeedResult | undefined;
  /** Never begun. */
  readonly unanswered: readonly SeedJob[];
}

const errorTextMax = 4000;

export class SeedProcess {
  readonly #owner: SeedProcessOwner;
  readonly #stallMs: number;
  readonly #child: ChildProcess;
  readonly #watch: NodeJS.Timeout;
  readonly #jobs: SeedJob[] = [];
  #stalled = false;
  #errorText = "";
  readonly #closed: Promise<void>;

  constructor(file: URL, stallMs: number, owner: SeedProcessOwner) {
    this.#owner = owner;
    this.#stallMs = stallMs;
    // Not the parent's own options of Node: a debugger's port, for one, can be opened only once.
    this.#child = fork(file, { stdio: ["ignore", "ignore", "pipe", "ipc"], execArgv: [], serialization: "json" });
    this.#watch = setTimeout(() => this.#stall(), stallMs);
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => void (this.#errorText = (this.#errorText + text).slice(-errorTextMax)));
    this.#child.on("message", (result: SeedResult) => this.#answered(result));
    this.#child.on("error", (error) => void (this.#errorText += `${error.message}\n`));
    this.#closed = new Promise((resolve) => {
      // "close" comes after the last of its output; "exit" may come before.
      this.#child.on("close", (code, signal) => {
        this.#ended(signal ?? `exit code ${code ?? "unknown"}`);
        resolve();
      });
    });
  }

  get waiting(): number {
    return this.#jobs.length;
  }

  give(job: SeedJob): void {
    if (this.#jobs.length === 0) this.#watch.refresh();
    this.#jobs.push(job);
    // A process that has just ended cannot be sent anything; its end brings the job back.
    this.#child.send(job, () => undefined);
  }

  /** At once, whatever it does. */
  async kill(): Promise<void> {
    this.#jobs.length = 0;
    this.#child.kill("SIGKILL");
    await this.#closed;
  }

  #answered(result: SeedResult): void {
    const job = this.#jobs.shift();
    // What was still under way when it was killed answers nothing.
    if (job === undefined) return;
    this.#watch.refresh();
    this.#owner.answered(this, { ...result, job });
  }

  #stall(): void {
    if (this.#jobs.length === 0) return;
    this.#stalled = true;
    this.#child.kill("SIGKILL");
  }

  #ended(how: string): void {
    clearTimeout(this.#watch);
    const job = this.#jobs.shift();
    const failed = job === undefined ? undefined : { job, outcome: this.#outcomeOf(job, how), lines: undefined };
    this.#owner.ended(this, { failed, unanswered: this.#jobs.splice(0) });
  }

  #outcomeOf(job: SeedJob, how: string) {
    if (this.#stalled) return unfinished(job.seed, runnerProperties.stalled, `not finished after ${this.#stallMs / 1000} s of real time; its process was killed`);
    const said = /^(?:\w+ )?[A-Z]\w*(?: \[\w+\])?: .*$/m.exec(this.#errorText)?.[0];
    const message = `its process ended (${how})${said === undefined ? "" : `: ${said}`}`;
    return unfinished(job.seed, runnerProperties.died, message, this.#errorText === "" ? undefined : this.#errorText.trimEnd());
  }
}

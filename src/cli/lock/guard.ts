// The process between `raftctl lock` and the command that it runs: it ends the command, with everything in its process group, before the lock can go to another
// one, also when raftctl was killed or stopped. It is told until when the lock is surely held, and needs nobody to see that this time is over. Started by
// guarded-command.ts; kept small, because it stands between the lock and the start of the command.

import { spawn, type ChildProcess } from "node:child_process";
import { constants } from "node:os";
import { type FromGuard, guardedSignals, monotonicMs, type ToGuard } from "./guard-channel.ts";

/** Parts of the ttl: the command is asked to end so long before the time is over, and killed so long before. */
const termPart = 1 / 4;
const killPart = 1 / 20;
const delayMsMax = 2 ** 31 - 1;

class Guard {
  #command: ChildProcess | undefined;
  #ttlMs = 0;
  #safeUntilMs = 0;
  #timer: NodeJS.Timeout | undefined;
  /** It was asked to end, and no later message changes when it is killed. */
  #isEnding = false;

  take(message: ToGuard): void {
    switch (message.kind) {
      case "start":
        return this.#start(message);
      case "safe":
        if (!this.#isEnding) this.#safeUntilMs = Math.max(this.#safeUntilMs, message.safeUntilMs);
        return;
      case "signal":
        return this.signal(message.signal);
      case "lost":
        this.#isEnding = true;
        return this.signal("SIGKILL");
    }
  }

  /** Nobody renews any more: there is what is left of the time, and no more. */
  parentIsGone(): void {
    if (this.#command !== undefined) this.#askToEnd();
  }

  /** To the whole group. */
  signal(signal: NodeJS.Signals): void {
    const pid = this.#command?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // The group is gone.
    }
  }

  #start({ words: [file, ...args], ttlMs, safeUntilMs }: Extract<ToGuard, { kind: "start" }>): void {
    this.#ttlMs = ttlMs;
    this.#safeUntilMs = safeUntilMs;
    if (monotonicMs() >= this.#termAtMs) return this.#finish({ kind: "ended", exitCode: 128 + constants.signals.SIGKILL, wasCutOff: true });
    const command = spawn(file!, args, { detached: true, stdio: "inherit" });
    this.#command = command;
    command.once("error", (cause: NodeJS.ErrnoException) => this.#finish({ kind: "failed", code: cause.code ?? "", message: cause.message }));
    command.once("exit", (code, signal) => this.#ended(code ?? 128 + constants.signals[signal!]));
    if (command.pid !== undefined) tell({ kind: "started", pid: command.pid });
    this.#look();
  }

  /** Whatever the command has left in its group goes with it: behind this nothing of it runs. */
  #ended(exitCode: number): void {
    this.signal("SIGKILL");
    this.#finish({ kind: "ended", exitCode, wasCutOff: this.#isEnding });
  }

  /** With its last word to raftctl the process ends. */
  #finish(message: FromGuard): void {
    clearTimeout(this.#timer);
    this.#command = undefined;
    tell(message, () => void (process.connected && process.disconnect()));
  }

  #askToEnd(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.signal("SIGTERM");
    this.#look();
  }

  /** The timer is not moved by each message: when it fires, it looks. */
  #look(): void {
    clearTimeout(this.#timer);
    const now = monotonicMs();
    if (now >= this.#killAtMs) {
      this.#isEnding = true;
      return this.signal("SIGKILL");
    }
    if (now >= this.#termAtMs && !this.#isEnding) return this.#askToEnd();
    const nextMs = this.#isEnding ? this.#killAtMs : this.#termAtMs;
    this.#timer = setTimeout(() => this.#look(), Math.min(delayMsMax, Math.max(0, Math.ceil(nextMs - now))));
  }

  get #termAtMs(): number {
    return this.#safeUntilMs - this.#ttlMs * termPart;
  }

  get #killAtMs(): number {
    return this.#safeUntilMs - this.#ttlMs * killPart;
  }
}

/** Whoever would be told may be gone. */
function tell(message: FromGuard, done: () => void = () => undefined): void {
  if (process.connected) process.send!(message, undefined, undefined, done);
}

const guard = new Guard();
process.on("message", (message) => guard.take(message as ToGuard));
process.on("disconnect", () => guard.parentIsGone());
for (const signal of guardedSignals) process.on(signal, () => guard.signal(signal));

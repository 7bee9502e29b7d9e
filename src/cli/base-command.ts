// What every command is built on: global flags, one JSON document or plain text, one exit code, one place where a failure is shown. A command's
// `run` parses, calls the client once, prints text with `print`, and returns its result, which is the JSON contract `raftctl.<command>/v1`.
// It never writes to stdout by itself and never exits by itself.

import { Command } from "@oclif/core/command";
import type { RaftctlError } from "../base/errors.ts";
import type { Client } from "../client/client.ts";
import { schemaName } from "./envelope.ts";
import type { Header, SuccessEnvelope, Warning } from "./envelope.ts";
import { asFailure, deliberateExit, failureEnvelope, failureText } from "./failure.ts";
import { globalFlags } from "./flags.ts";
import type { GlobalFlags } from "./flags.ts";
import { releaseSignals } from "./signals.ts";
import { paint, shownBytes, visible } from "./terminal.ts";

/** @typeParam Line what `--json` prints in each line, for a command that goes on until it is stopped. */
export abstract class BaseCommand<Line = never> extends Command {
  static override enableJsonFlag = true;
  static override baseFlags = globalFlags;
  /** true: SIGINT and SIGTERM are handled by the command itself from the start. */
  static ownsSignals = false;
  /** The N of raftctl.<command>/vN: one more with every change of the document that a reader of the old one may trip over. */
  static schemaVersion = 1;

  readonly #warnings: Warning[] = [];
  #client: Client | undefined;
  #finding: unknown;

  protected override async init(): Promise<void> {
    await super.init();
    if ((this.ctor as typeof BaseCommand).ownsSignals) releaseSignals();
  }

  /** A client of the daemon that the flags, the environment or the configuration name; closed when the command ends. Does not connect yet. */
  protected async connect(flags: GlobalFlags): Promise<Client> {
    const [{ resolveTarget }, { Client: ClientClass }] = await Promise.all([import("./target.ts"), import("../client/client.ts")]);
    const target = await resolveTarget(flags, process.env);
    this.#client = new ClientClass({
      ...target,
      ...(flags.timeout !== undefined && { timeoutMs: flags.timeout }),
      ...(flags.region !== undefined && { region: flags.region }),
    });
    return this.#client;
  }

  /** Text for stdout; nothing when JSON is wanted. */
  protected print(text: string): void {
    if (!this.jsonEnabled()) process.stdout.write(`${text}\n`);
  }

  /** As `print`, but exactly these bytes. */
  protected write(content: Uint8Array | string): void {
    if (!this.jsonEnabled()) process.stdout.write(content);
  }

  /** The value that was there before, for `--prev`. */
  protected printPrevious(value: Uint8Array | undefined): void {
    if (value !== undefined) this.print(shownBytes(value));
  }

  /** Progress and remarks for people, on stderr, unless --quiet. */
  protected note(text: string): void {
    if (!this.#quiet) process.stderr.write(`${text}\n`);
  }

  /** Into the `warnings` of the envelope, or onto stderr. */
  protected addWarning(warning: Warning): void {
    this.#warnings.push(warning);
    if (!this.jsonEnabled()) this.note(`${paint("yellow", `warning[${warning.code}]:`, process.stderr)} ${visible(warning.message)}`);
  }

  /** The work is done and what it found is bad (a missing key, an unmet condition): the result and the error travel together. */
  protected fail(error: RaftctlError, result: unknown): never {
    this.#finding = result;
    throw error;
  }

  /** One envelope as a line of its own, for commands that go on. */
  protected line(result: Line): string {
    return `${JSON.stringify(this.toSuccessJson(result))}\n`;
  }

  protected printLine(result: Line): void {
    process.stdout.write(this.line(result));
  }

  /** For commands that reach a daemon in another way than `connect`. */
  protected header(): Header {
    return this.#client?.header() ?? {};
  }

  protected override toSuccessJson(result: unknown): SuccessEnvelope {
    return { ok: true, schema: this.#schema, header: this.header(), result, warnings: this.#warnings };
  }

  protected override logJson(document: unknown): void {
    process.stdout.write(`${JSON.stringify(document, undefined, process.stdout.isTTY ? 2 : undefined)}\n`);
  }

  protected override async catch(thrown: Error): Promise<void> {
    this.parsed = true;
    const exit = deliberateExit(thrown);
    if (exit !== undefined) {
      process.exitCode = exit;
      return;
    }
    const error = asFailure(thrown);
    process.exitCode = error.exit;
    this.#report(error);
  }

  protected override async finally(): Promise<void> {
    this.#client?.close();
  }

  #report(error: RaftctlError): void {
    const context = { schema: this.#schema, header: this.header(), result: this.#finding, warnings: this.#warnings, usage: this.#usage(), quiet: this.#quiet };
    if (this.jsonEnabled()) this.logJson(failureEnvelope(error, context));
    else process.stderr.write(`${failureText(error, context)}\n`);
  }

  get #schema(): string {
    return schemaName(this.id ?? "", (this.ctor as typeof BaseCommand).schemaVersion);
  }

  /** Before flags are parsed, too: a parse error wants it. */
  get #quiet(): boolean {
    return this.argv.includes("--quiet");
  }

  #usage(): string {
    const words = Object.entries(this.ctor.args).map(([name, arg]) => (arg.required ? name.toUpperCase() : `[${name.toUpperCase()}]`));
    const id = (this.id ?? "").replaceAll(":", " ");
    return `usage: ${[this.config.bin, id, ...words, "[flags]"].join(" ")}   (${this.config.bin} ${id} --help)`;
  }
}

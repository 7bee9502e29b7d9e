// Scripts that are tests and documentation (interaction/*.txt). A line that begins with ">" is a command; the lines below it, up to the next blank
// line, are what the cluster then does, in words. Nothing moves by itself: messages wait until they are delivered, time stands still until it is
// moved. The verbs are explained in interaction/README.md.

import { utf8 } from "../../../src/base/bytes.ts";
import type { NodeId } from "../../../src/base/ids.ts";
import { describeAnswer, describeEntries, describeEvent, describeMembership, describeMessage, describeStatus } from "../../../src/raft/describe.ts";
import type { Input } from "../../../src/raft/input.ts";
import type { Message } from "../../../src/raft/message.ts";
import type { Ready } from "../../../src/raft/ready.ts";
import { Checker } from "./checker.ts";
import { entriesWithTerms, idOf, member, membershipOf, nameOf, optionsOf, pristine } from "./members.ts";
import { Server } from "./server.ts";

interface Waiting {
  readonly from: string;
  readonly to: string;
  readonly message: Message;
}

type Verb = (words: readonly string[], fields: Readonly<Record<string, string>>) => void;

export class Script {
  readonly #servers = new Map<string, Server>();
  readonly #checker = new Checker(this.#servers);
  #waiting: Waiting[] = [];
  #lines: string[] = [];
  #quiet = false;
  #now = 0;
  #ticket = 0;

  /** The script with everything below a command replaced by what happened. */
  run(text: string): string {
    const output: string[] = [];
    let inTranscript = false;
    for (const line of text.split("\n")) {
      if (line.startsWith(">")) {
        output.push(line, ...this.#command(line.slice(1).trim()));
        inTranscript = true;
      } else {
        if (line === "") inTranscript = false;
        if (!inTranscript) output.push(line);
      }
    }
    return output.join("\n");
  }

  #command(line: string): readonly string[] {
    const [verb = "", ...words] = line.split(/\s+/);
    const fields = Object.fromEntries(words.filter((word) => word.includes("=")).map((word) => [word.split("=")[0]!, word.split("=")[1]!]));
    const run = this.#verbs[verb];
    if (run === undefined) throw new Error(`there is no verb ${verb}`);
    this.#lines = [];
    run(words.filter((word) => !word.includes("=")), fields);
    return this.#lines.map((each) => `  ${each}`);
  }

  readonly #verbs: Readonly<Record<string, Verb>> = {
    server: (words, fields) => this.#addServer(words, fields),
    campaign: ([name]) => this.#step(name!, { kind: "campaign" }),
    propose: ([name, text]) => this.#step(name!, { kind: "propose", ticket: this.#nextTicket(), data: utf8(text!) }),
    read: ([name]) => this.#step(name!, { kind: "read", ticket: this.#nextTicket() }),
    transfer: ([name, target]) =>
      this.#step(name!, { kind: "transferLeadership", ticket: this.#nextTicket(), target: target === undefined ? undefined : idOf(target) }),
    change: ([name], fields) => this.#change(name!, fields),
    deliver: (words) => this.#deliverAll(words),
    settle: () => this.#settle(),
    lose: (words) => this.#lose(words),
    repeat: (words) => this.#repeat(words),
    hold: ([what, name]) => this.#hold(what!, name!, true),
    release: ([what, name]) => this.#hold(what!, name!, false),
    disk: ([name, count]) => this.#server(name!).persist(this.#now, count === undefined ? undefined : Number(count)),
    apply: ([name]) => this.#server(name!).apply(this.#now),
    time: ([duration]) => this.#advance(Number(duration)),
    crash: ([name]) => this.#crash(name!),
    restart: ([name]) => this.#restart(name!),
    compact: ([name, index]) => this.#server(name!).compact(Number(index), this.#now),
    snapshot: ([from, to]) => this.#sendSnapshot(from!, to!),
    show: () => this.#show(),
  };

  #addServer([name]: readonly string[], fields: Readonly<Record<string, string>>): void {
    const list = (key: string): string[] => fields[key]?.split(",") ?? [];
    const terms = list("log").map(Number);
    const membership = membershipOf({
      voters: list("voters"), votersOutgoing: list("outgoing"), learners: list("learners"), learnersNext: list("learnersNext"),
    });
    const initial = {
      ...pristine(membership),
      hardState: { currentTerm: Number(fields["term"] ?? terms.at(-1) ?? 0), votedFor: undefined, commitIndex: 0 },
      entries: entriesWithTerms(terms),
    };
    const hooks = {
      sent: (from: Server, envelope: { to: NodeId; message: Message }) => {
        this.#waiting.push({ from: from.name, to: nameOf(envelope.to), message: envelope.message });
      },
      stepped: (server: Server) => this.#checker.stepped(server),
      ready: (server: Server, ready: Ready) => this.#report(server, ready),
      applied: (server: Server, entry: Parameters<Checker["applied"]>[1]) => this.#checker.applied(server, entry),
    };
    const batch = fields["batch"];
    const options = optionsOf(name!, batch === undefined ? {} : { appendBytesMax: Number(batch) });
    this.#servers.set(name!, new Server(options, initial, hooks, this.#now));
  }

  #server(name: string): Server {
    const server = this.#servers.get(name);
    if (server === undefined) throw new Error(`there is no server ${name}`);
    return server;
  }

  #nextTicket(): number {
    this.#ticket += 1;
    return this.#ticket;
  }

  #step(name: string, input: Input): void {
    this.#server(name).step(input, this.#now);
  }

  #report(server: Server, ready: Ready): void {
    for (const event of ready.events) {
      this.#checker.event(server, event);
      this.#lines.push(`${server.name}: ${describeEvent(event, nameOf)}`);
    }
    if (ready.persist !== undefined && (!this.#quiet || server.diskHeld)) {
      const { sequence, entries, hardState } = ready.persist;
      const state = hardState === undefined ? "" : ` term=${hardState.currentTerm} votedFor=${hardState.votedFor === undefined ? "none" : nameOf(hardState.votedFor)}`;
      this.#lines.push(`${server.name} writes ${sequence}:${state} ${describeEntries(entries)}`);
    }
    if (ready.committed.length > 0) this.#lines.push(`${server.name} applies ${describeEntries(ready.committed)}`);
    for (const answer of ready.answers) this.#lines.push(`${server.name} answers ${describeAnswer(answer, nameOf)}`);
    for (const transfer of ready.transfers) this.#lines.push(`${server.name} wants a snapshot from ${transfer.indexMin} on sent to ${nameOf(transfer.to)}`);
    if (ready.install !== undefined) this.#lines.push(`${server.name} installs the snapshot ${ready.install.index}/${ready.install.term}`);
  }

  #change(name: string, fields: Readonly<Record<string, string>>): void {
    const ids = (key: string): NodeId[] => fields[key]?.split(",").map(idOf) ?? [];
    const upsert = fields["add"]?.split(",").map((each) => member(each)) ?? [];
    const change = { upsert, promote: ids("promote"), demote: ids("demote"), remove: ids("remove") };
    this.#step(name, { kind: "changeMembership", ticket: this.#nextTicket(), change });
  }

  /** `n1>n2`, `n1>`, `>n2`, a message type, or several of them; nothing means everything. */
  #matches(words: readonly string[], { from, to, message }: Waiting): boolean {
    return words.every((word) => {
      if (!word.includes(">")) return message.type === word;
      const [left, right] = word.split(">");
      return (left === "" || left === from) && (right === "" || right === to);
    });
  }

  #take(words: readonly string[]): Waiting[] {
    const taken = this.#waiting.filter((each) => this.#matches(words, each));
    this.#waiting = this.#waiting.filter((each) => !this.#matches(words, each));
    return taken;
  }

  #deliverAll(words: readonly string[]): void {
    for (const waiting of this.#take(words)) this.#deliver(waiting);
  }

  #deliver({ from, to, message }: Waiting): void {
    if (!this.#quiet) this.#lines.push(`${from} > ${to}: ${describeMessage(message)}`);
    this.#servers.get(to)?.step({ kind: "message", from: idOf(from), message }, this.#now);
  }

  #settle(): void {
    this.#quiet = true;
    while (this.#waiting.length > 0) this.#deliver(this.#waiting.shift()!);
    this.#quiet = false;
  }

  #lose(words: readonly string[]): void {
    for (const { from, to, message } of this.#take(words)) this.#lines.push(`lost ${from} > ${to}: ${describeMessage(message)}`);
  }

  #repeat(words: readonly string[]): void {
    this.#waiting.push(...this.#waiting.filter((each) => this.#matches(words, each)));
  }

  #hold(what: string, name: string, held: boolean): void {
    const server = this.#server(name);
    if (what === "disk") server.diskHeld = held;
    else server.applyHeld = held;
    if (!held && what === "disk") server.persist(this.#now);
    if (!held && what === "apply") server.apply(this.#now);
  }

  #advance(duration: number): void {
    const end = this.#now + duration;
    for (;;) {
      const due = [...this.#servers.values()].filter((server) => server.up && server.node.deadline <= end);
      const next = due.toSorted((left, right) => left.node.deadline - right.node.deadline)[0];
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.node.deadline);
      next.step({ kind: "tick" }, this.#now);
    }
    this.#now = end;
  }

  #crash(name: string): void {
    this.#server(name).crash();
    this.#waiting = this.#waiting.filter((each) => each.from !== name);
  }

  #restart(name: string): void {
    this.#server(name).restart(this.#now);
    this.#checker.restarted(this.#server(name));
  }

  #sendSnapshot(from: string, to: string): void {
    const { disk, node, id } = this.#server(from);
    const snapshot = disk.snapshot;
    this.#step(to, { kind: "snapshotReceived", from: id, requestId: 0, term: node.currentTerm, snapshot });
    const response = this.#take([`${to}>${from}`, "installSnapshotResponse"]).at(-1)?.message;
    if (response?.type !== "installSnapshotResponse") return;
    this.#lines.push(`${to} > ${from}: ${describeMessage(response)}`);
    this.#step(from, { kind: "installFinished", peer: idOf(to), term: node.currentTerm, index: response.matchIndex });
  }

  #show(): void {
    for (const server of this.#servers.values()) {
      const { node } = server;
      const membership = describeMembership(node.membership, nameOf);
      const status = describeStatus(node.status(), nameOf);
      this.#lines.push(`${server.up ? "" : "(down) "}${status.slice(0, status.indexOf(membership))}${membership}`);
      this.#lines.push(`  ${describeTerms(server)}`);
    }
  }
}

function describeTerms({ node }: Server): string {
  return `terms ${node.entriesBetween(1, node.lastIndex).map((entry) => entry.term).join(" ")}`;
}

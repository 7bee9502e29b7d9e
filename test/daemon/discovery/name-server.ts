// A name server for tests, over UDP on this machine: answers A, AAAA and SRV questions from a table that a test changes (RFC 1035, RFC 2782).

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

export interface Service {
  readonly name: string;
  readonly port: number;
}

const types = { A: 1, AAAA: 28, SRV: 33 } as const;
const okay = 0;
const serverFailed = 2;
const noSuchName = 3;

export class NameServer {
  readonly #socket: Socket = createSocket("udp4");
  readonly hosts = new Map<string, { readonly v4?: readonly string[]; readonly v6?: readonly string[] }>();
  readonly services = new Map<string, readonly Service[]>();
  failing = false;
  /** Of these it cannot tell, of others it can. */
  readonly failingTypes = new Set<keyof typeof types>();
  questions = 0;

  /** Resolves with its address. */
  async start(): Promise<string> {
    this.#socket.on("message", (question, from) => this.#socket.send(this.#answer(question), from.port, from.address));
    this.#socket.bind(0, "127.0.0.1");
    await once(this.#socket, "listening");
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  async stop(): Promise<void> {
    this.#socket.close();
    await once(this.#socket, "close");
  }

  #answer(question: Buffer): Buffer {
    this.questions += 1;
    const { name, type, end } = readQuestion(question);
    const known = this.hosts.has(name) || this.services.has(name);
    const failing = this.failing || [...this.failingTypes].some((failed) => types[failed] === type);
    const records = failing ? [] : this.#records(name, type);
    const code = failing ? serverFailed : known ? okay : noSuchName;
    const header = Buffer.alloc(12);
    question.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8180 | code, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records.length, 6);
    return Buffer.concat([header, question.subarray(12, end), ...records.map((data) => record(type, data))]);
  }

  #records(name: string, type: number): Buffer[] {
    const { v4 = [], v6 = [] } = this.hosts.get(name) ?? {};
    if (type === types.A) return v4.map((host) => Buffer.from(host.split(".").map(Number)));
    if (type === types.AAAA) return v6.map(bytesOfV6);
    if (type === types.SRV) return (this.services.get(name) ?? []).map((service) => Buffer.concat([Buffer.from([0, 0, 0, 0, service.port >> 8, service.port & 0xff]), writeName(service.name)]));
    return [];
  }
}

/** Owner is the name of the question, at offset 12. */
function record(type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function readQuestion(question: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let offset = 12;
  while (question[offset]! > 0) {
    const length = question[offset]!;
    labels.push(question.toString("latin1", offset + 1, offset + 1 + length));
    offset += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), type: question.readUInt16BE(offset + 1), end: offset + 5 };
}

function writeName(name: string): Buffer {
  const labels = name.split(".").filter((label) => label !== "").map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, "latin1")]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

/** Only what is written in full or with one "::". */
function bytesOfV6(text: string): Buffer {
  const [left = "", right] = text.split("::");
  const words = (part: string): number[] => (part === "" ? [] : part.split(":").map((word) => Number.parseInt(word, 16)));
  const [before, after] = [words(left), right === undefined ? [] : words(right)];
  const all = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}

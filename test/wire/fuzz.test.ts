import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { RaftctlError } from "../../src/base/errors.ts";
import { decodeClientRequest } from "../../src/wire/client-requests.ts";
import { decodeClientResponse } from "../../src/wire/client-responses.ts";
import { messagePackCodec } from "../../src/wire/codec.ts";
import { decodeControl } from "../../src/wire/control.ts";
import { openEnvelope } from "../../src/wire/envelope.ts";
import { FrameDecoder } from "../../src/wire/frame.ts";
import { decodeHello, decodeWelcome } from "../../src/wire/handshake.ts";
import { limits } from "../../src/wire/limits.ts";
import { decodePeerRequest } from "../../src/wire/peer-requests.ts";
import { decodePeerResponse } from "../../src/wire/peer-responses.ts";
import { mutate } from "./mutation.ts";
import { allMessages } from "./samples.ts";

const frames = 1_000_000;
const stallMsMax = 50;
const corpus = Object.entries(allMessages()).map(([name, fields]) => ({ name, payload: Uint8Array.from(messagePackCodec.encode(fields, 0)) }));

const decoders: ((value: unknown) => unknown)[] = [
  decodeHello,
  decodeWelcome,
  (value) => decodeControl(openEnvelope(value)),
  (value) => decodePeerRequest(openEnvelope(value)),
  (value) => decodePeerResponse("appendEntries", openEnvelope(value)),
  (value) => decodePeerResponse("admin", openEnvelope(value)),
  (value) => decodeClientRequest(openEnvelope(value)),
  (value) => decodeClientResponse("get", openEnvelope(value)),
];

/** Which decoder has most to do with a message: the others see it in one of eight cases. */
function decoderFor(name: string): number {
  if (name === "hello") return 0;
  if (name === "welcome" || name === "refusal") return 1;
  if (!name.includes(".")) return 2;
  if (name.startsWith("peer.")) return name.endsWith("Response") ? 4 : 3;
  return name.endsWith("Response") ? 7 : 6;
}

function measure(call: () => unknown): number {
  const start = performance.now();
  call();
  return performance.now() - start;
}

test(`${frames} mutated messages only ever give a value or a RaftctlError, none takes long, and nothing is kept (S14, T1-T6, T12)`, () => {
  const prng = new Prng(20_260_101);
  const outcomes = { value: 0, refused: 0 };
  let slowestMs = 0;
  let heapAfterWarmUp = 0;
  for (let round = 0; round < frames; round += 1) {
    const { name, payload } = corpus[round % corpus.length]!;
    const bytes = mutate(payload, prng);
    const decode = decoders[prng.chance(1 / 8) ? prng.integer(0, decoders.length - 1) : decoderFor(name)]!;
    const attempt = (): "value" | "refused" => {
      try {
        decode(messagePackCodec.decode(bytes));
        return "value";
      } catch (error) {
        if (!(error instanceof RaftctlError)) throw error;
        return "refused";
      }
    };
    const start = performance.now();
    outcomes[attempt()] += 1;
    let tookMs = performance.now() - start;
    // A pause of the machine is not the decoder's: what is slow must be slow again.
    if (tookMs > stallMsMax) tookMs = Math.min(tookMs, measure(attempt));
    slowestMs = Math.max(slowestMs, tookMs);
    if (round === frames / 4) heapAfterWarmUp = process.memoryUsage().heapUsed;
  }
  expect(outcomes.value + outcomes.refused).toBe(frames);
  // Mutations that never get past the first check, or never break anything, would prove nothing.
  expect(outcomes.value).toBeGreaterThan(frames / 100);
  expect(outcomes.refused).toBeGreaterThan(frames / 4);
  expect(slowestMs).toBeLessThan(stallMsMax);
  expect(process.memoryUsage().heapUsed - heapAfterWarmUp).toBeLessThan(64 * 1024 * 1024);
  expect(({} as Record<string, unknown>)["admin"]).toBeUndefined();
}, 60_000);

test("a stream of noise ends in a RaftctlError or waits for more, and never hands out a payload (T1)", () => {
  const prng = new Prng(7);
  for (let round = 0; round < 20_000; round += 1) {
    const noise = Uint8Array.from({ length: prng.integer(1, 200) }, () => prng.integer(0, 255));
    const decoder = new FrameDecoder(limits.handshakeFrameBytesMax, crc32);
    let payloads = 0;
    let failure: unknown;
    try {
      decoder.push(noise, () => (payloads += 1));
    } catch (error) {
      failure = error;
    }
    expect([payloads, failure === undefined || failure instanceof RaftctlError]).toEqual([0, true]);
  }
});

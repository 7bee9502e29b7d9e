import { expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { RaftctlError } from "../../src/base/errors.ts";
import { PeerLink } from "../../src/platform/peer-link.ts";
import { ManualClock } from "./manual-clock.ts";

interface Attempts {
  clock: ManualClock;
  link: PeerLink;
  dials: { address: string; at: number }[];
  call: () => Promise<string>;
}

function refusedEverywhere(seed = 1, address: () => string | undefined = () => "a:1"): Attempts {
  const clock = new ManualClock();
  const dials: { address: string; at: number }[] = [];
  const link = new PeerLink({
    clock, prng: new Prng(seed), name: "node 7", address, inFlightMax: 100, frameBytesMax: 1_000, pingMs: 1_000, backoffMsMin: 20, backoffMsMax: 1_000,
    idleMs: undefined, onConnect: () => undefined,
    dial: async (target) => {
      dials.push({ address: target, at: clock.now() });
      throw new RaftctlError("UNREACHABLE", "cannot connect: ECONNREFUSED");
    },
  });
  const call = (): Promise<string> => link.call([0, 1], () => "answered", { timeoutMs: 500 }).catch((error: unknown) => (error as RaftctlError).code);
  return { clock, link, dials, call };
}

test("attempts back off exponentially with jitter up to the bound, and calls in between fail at once (S18)", async () => {
  const { clock, dials, call } = refusedEverywhere();
  for (let ms = 0; ms < 20_000; ms += 5) {
    expect(await call()).toBe("UNREACHABLE");
    clock.advance(5);
  }
  const gaps = dials.slice(1).map(({ at }, index) => at - dials[index]!.at);
  gaps.slice(0, 6).forEach((gap, index) => {
    expect(gap).toBeGreaterThanOrEqual(20 * 2 ** index * 0.5);
    expect(gap).toBeLessThanOrEqual(20 * 2 ** index + 5);
  });
  expect(Math.max(...gaps)).toBeLessThanOrEqual(1_005);
  expect(new Set(gaps.slice(7)).size).toBeGreaterThan(3);
  expect(dials.length).toBeLessThan(50);
});

test("links with different seeds do not attempt at the same moments", async () => {
  const moments = await Promise.all([1, 2].map(async (seed) => {
    const { clock, dials, call } = refusedEverywhere(seed);
    for (let ms = 0; ms < 5_000; ms += 1) {
      await call();
      clock.advance(1);
    }
    return dials.map(({ at }) => at);
  }));
  expect(moments[0]).not.toEqual(moments[1]);
});

test("without calls nothing is dialled", async () => {
  const { clock, dials, call } = refusedEverywhere();
  await call();
  clock.advance(60_000);
  expect(dials).toHaveLength(1);
});

test("a new address is tried at once, whatever the back-off of the old one (S10)", async () => {
  let address = "a:1";
  const { dials, call } = refusedEverywhere(1, () => address);
  await call();
  await call();
  expect(dials).toHaveLength(1);
  address = "b:2";
  await call();
  expect(dials.map((dial) => dial.address)).toEqual(["a:1", "b:2"]);
});

test("calls made while the link is dialled share one attempt, and each ends in its own time", async () => {
  const clock = new ManualClock();
  let attempts = 0;
  const link = new PeerLink({
    clock, prng: new Prng(1), name: "node 7", address: () => "a:1", inFlightMax: 3, frameBytesMax: 1_000, pingMs: 1_000, backoffMsMin: 20, backoffMsMax: 1_000,
    idleMs: undefined, onConnect: () => undefined,
    dial: () => {
      attempts += 1;
      return new Promise(() => undefined);
    },
  });
  const outcomes: string[] = [];
  const call = (name: string, timeoutMs: number): Promise<void> =>
    link.call([0, 1], () => "answered", { timeoutMs }).then(() => undefined, (error: unknown) => void outcomes.push(`${name} ${(error as RaftctlError).code}`));
  const calls = [call("first", 50), call("second", 100), call("third", 80), call("fourth", 80)];
  await calls[3];
  expect(link.state).toBe("connecting");
  clock.advance(60);
  await calls[0];
  clock.advance(60);
  await Promise.all(calls);
  expect(outcomes).toEqual(["fourth BUSY", "first TIMEOUT", "third TIMEOUT", "second TIMEOUT"]);
  expect(attempts).toBe(1);
});

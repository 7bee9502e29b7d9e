import { expect, test } from "vitest";
import { logBytes, subject, verdict } from "./damage.ts";

const given = await subject();
const sectors = logBytes / 512;

function sectorOf(index: number): Uint8Array {
  return given.segment.subarray(index * 512, index * 512 + 512);
}

test("an undamaged log is complete, also when read twice", () => {
  expect([verdict(given, given.segment), verdict(given, given.segment)]).toEqual(["complete", "complete"]);
});

test("each zeroed sector is refused or loses nothing (H42)", () => {
  const refused = Array.from({ length: sectors }, (_, index) => {
    const segment = given.segment.slice();
    segment.fill(0, index * 512, index * 512 + 512);
    return verdict(given, segment);
  }).filter((found) => found === "refused");
  expect(refused.length).toBeGreaterThan(80);
});

test("each run of zeroed sectors is refused or loses nothing, unless it reaches the very end of what was written (H42)", () => {
  const written = given.segment.findLastIndex((byte) => byte !== 0);
  const lastSector = Math.floor(written / 512);
  for (let first = 8; first < lastSector; first += 1) {
    for (let end = first + 1; end <= lastSector; end += 1) {
      const segment = given.segment.slice();
      segment.fill(0, first * 512, end * 512);
      verdict(given, segment);
    }
  }
});

test("each sector written over each other one is refused or loses nothing (H42)", () => {
  for (let source = 0; source < sectors; source += 1) {
    for (let target = 0; target < sectors; target += 1) {
      const segment = given.segment.slice();
      segment.set(sectorOf(source), target * 512);
      verdict(given, segment);
    }
  }
});

test("each two sectors that have changed places are refused or lose nothing (H42)", () => {
  for (let left = 0; left < sectors; left += 1) {
    for (let right = left + 1; right < sectors; right += 1) {
      const segment = given.segment.slice();
      segment.set(sectorOf(right), left * 512);
      segment.set(sectorOf(left), right * 512);
      verdict(given, segment);
    }
  }
});

test("a log from which a sector is missing, the rest moved up, is refused or loses nothing (H42)", () => {
  for (let gap = 0; gap < sectors; gap += 1) {
    const segment = new Uint8Array(logBytes);
    segment.set(given.segment.subarray(0, gap * 512));
    segment.set(given.segment.subarray(gap * 512 + 512), gap * 512);
    verdict(given, segment);
  }
});

test("each truncation, and each extension, of the file is refused (H42)", () => {
  for (let length = 0; length < logBytes; length += 1) expect(verdict(given, given.segment.subarray(0, length))).toBe("refused");
  for (const extra of [1, 511, 512, 4096]) {
    const longer = new Uint8Array(logBytes + extra);
    longer.set(given.segment);
    expect(verdict(given, longer)).toBe("refused");
  }
});

test("each single-bit flip in the segment that init leaves behind is refused (H42)", () => {
  for (let bit = 0; bit < given.founding.length * 8; bit += 1) {
    const founding = given.founding.slice();
    founding[bit >> 3]! ^= 1 << (bit & 7);
    expect(verdict({ ...given, founding }, given.segment)).toBe("refused");
  }
});

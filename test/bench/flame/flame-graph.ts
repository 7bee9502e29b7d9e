// A flame graph as a picture: each box is a function, above the one that called it and as wide as its share of all samples. Boxes of one parent stand in the
// order of their names, so that pictures of two versions can be laid side by side.

import type { Frame, FrameKind, Stack } from "./perf-stacks.ts";

const width = 1200;
const rowHeight = 17;
const titleHeight = 48;
/** Narrower boxes are left out. */
const shareMin = 0.004;
const characterWidth = 6.6;

const colours: Readonly<Record<FrameKind, string>> = { javascript: "#8fd18f", lmdb: "#f2a65a", v8: "#b9a5e2", kernel: "#e88b8b", native: "#c3ccd6" };
const legend: Readonly<Record<FrameKind, string>> = { javascript: "JavaScript", lmdb: "LMDB", v8: "V8", kernel: "kernel", native: "Node, libuv, libc" };

interface Box {
  readonly frame: Frame;
  samples: number;
  readonly above: Map<string, Box>;
}

export function flameGraph(title: string, stacks: readonly Stack[]): string {
  const root: Box = { frame: { name: title, kind: "native" }, samples: 0, above: new Map() };
  for (const stack of stacks) pile(root, stack);
  const boxes: { readonly box: Box; readonly left: number; readonly level: number }[] = [];
  const place = (parent: Box, left: number, level: number): void => {
    let at = left;
    for (const box of [...parent.above.values()].sort((one, other) => (one.frame.name < other.frame.name ? -1 : 1))) {
      if (box.samples >= root.samples * shareMin) {
        boxes.push({ box, left: at, level });
        place(box, at, level + 1);
      }
      at += box.samples;
    }
  };
  place(root, 0, 0);
  const height = titleHeight + (Math.max(0, ...boxes.map(({ level }) => level)) + 1) * rowHeight + 8;
  const drawn = boxes.map(({ box, left, level }) => drawing(box, { x: (left / root.samples) * width, y: height - 8 - (level + 1) * rowHeight, all: root.samples }));
  return `${opening(title, root.samples, height)}\n${drawn.join("\n")}\n</svg>\n`;
}

function pile(root: Box, { frames, samples }: Stack): void {
  let box = root;
  box.samples += samples;
  for (const frame of frames) {
    let next = box.above.get(frame.name);
    if (next === undefined) box.above.set(frame.name, (next = { frame, samples: 0, above: new Map() }));
    next.samples += samples;
    box = next;
  }
}

function opening(title: string, samples: number, height: number): string {
  const keys = Object.entries(legend).map(([kind, text], place) => `<rect x="${4 + place * 150}" y="26" width="12" height="12" fill="${colours[kind as FrameKind]}"/><text x="${20 + place * 150}" y="36">${text}</text>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="monospace" font-size="11">
<rect width="${width}" height="${height}" fill="#fff"/><text x="4" y="16" font-size="13">${escaped(title)}: ${samples} samples</text>${keys.join("")}`;
}

function drawing({ frame, samples }: Box, { x, y, all }: { readonly x: number; readonly y: number; readonly all: number }): string {
  const boxWidth = (samples / all) * width;
  const room = Math.floor((boxWidth - 4) / characterWidth);
  const text = room < 3 ? "" : `<text x="${(x + 3).toFixed(1)}" y="${y + 12}">${escaped(frame.name.length <= room ? frame.name : `${frame.name.slice(0, room - 1)}…`)}</text>`;
  const share = ((samples / all) * 100).toFixed(1);
  return `<g><title>${escaped(frame.name)} ${share}%</title><rect x="${x.toFixed(1)}" y="${y}" width="${Math.max(0.5, boxWidth - 0.5).toFixed(1)}" height="${rowHeight - 1}" fill="${colours[frame.kind]}"/>${text}</g>`;
}

function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

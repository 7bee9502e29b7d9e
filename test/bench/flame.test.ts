// The pictures of where processor time goes: what is read of perf, and what is drawn of it.

import { expect, test } from "vitest";
import { flameGraph } from "./flame/flame-graph.ts";
import { stacksOf } from "./flame/perf-stacks.ts";

const printed = `MainThread  6690/6690
\t            72ea mdb_put (/app/node_modules/@lmdb/lmdb-linux-x64/node.napi.glibc.node)
\t    7f5bac2d04c7 JS:+'put file:///app/node_modules/lmdb/write.js:3:77970 (/tmp/perf-6690.map)
\t    7f5bac2d04c7 JS:*'#applyAll file:///app/bundle/chunks/machine.js:3:77970 (/tmp/perf-6690.map)
\t    7f5bac311d97 JS:+ file:///app/bundle/chunks/daemon.js:1:92592 (/tmp/perf-6690.map)
\t         1631f67 Builtins_JSEntry (/app/bin/node)
\t         160cc70 uv_run (/app/bin/node)

MainThread  6690/6690
\tffffffff8182ea4c do_writepages+0x3c ([kernel.kallsyms])
\tffffffff8182ea4b ext4_c ([kernel.kallsyms])
\tffffffff8182ea4a ext4_b ([kernel.kallsyms])
\tffffffff8182ea49 vfs_write+0x1c ([kernel.kallsyms])
\t    7f5bac2d04c7 JS:+'#applyAll file:///app/bundle/chunks/machine.js:3:77970 (/tmp/perf-6690.map)

libuv-worker  6690/6695
\tffffffff8182ea49 vfs_write ([kernel.kallsyms])
\t           5bb80 __libc_pwrite (/usr/lib/libc.so.6)
`;

test("stacks are read outermost first, with names alone, in whichever tier a function ran, and the kernel only so deep", () => {
  expect(stacksOf(printed.split("\n")).map(({ frames, samples }) => [frames.map(({ name, kind }) => `${name} ${kind}`).join(" > "), samples])).toEqual([
    ["main thread native > #applyAll javascript > put lmdb > mdb_put lmdb", 1],
    ["main thread native > #applyAll javascript > vfs_write kernel > ext4_b kernel > ext4_c kernel", 1],
    ["threads for files native > __libc_pwrite native > vfs_write kernel", 1],
  ]);
});

test("a box is as wide as its share and stands above its caller, and equal stacks are one box", () => {
  const frame = (name: string) => ({ name, kind: "javascript" }) as const;
  const picture = flameGraph("a < b", [
    { frames: [frame("main"), frame("b")], samples: 1 },
    { frames: [frame("main"), frame("a")], samples: 2 },
    { frames: [frame("main"), frame("b")], samples: 1 },
    { frames: [frame("main")], samples: 4 },
  ]);
  const boxes = [...picture.matchAll(/<title>(.*?)<\/title><rect x="([\d.]+)" y="(\d+)" width="([\d.]+)"/g)].map(([, title, x, y, width]) => [title, Number(x), Number(y), Number(width)]);
  const [main, above] = [boxes[0]![2] as number, boxes[1]![2] as number];
  expect(boxes).toEqual([["main 100.0%", 0, main, 1199.5], ["a 25.0%", 0, above, 299.5], ["b 25.0%", 300, above, 299.5]]);
  expect(above).toBeLessThan(main);
  expect(picture).toContain("a &lt; b: 8 samples");
});

test("what is narrower than a 250th is not drawn, and leaves its room free", () => {
  const frame = (name: string) => ({ name, kind: "kernel" }) as const;
  const picture = flameGraph("t", [{ frames: [frame("rare")], samples: 1 }, { frames: [frame("usual")], samples: 999 }]);
  expect(picture).not.toContain("rare");
  expect(picture).toContain('<title>usual 99.9%</title><rect x="1.2"');
});

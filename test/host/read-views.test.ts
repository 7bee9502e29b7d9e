import { expect, test } from "vitest";
import { utf8, utf8Text } from "../../src/base/bytes.ts";
import { toRaftctlError } from "../../src/base/errors.ts";
import { type HeldPage, type ReadViewLimits, ReadViews, viewLifeMs, viewSilenceMs } from "../../src/host/read-views.ts";
import { Machine } from "../../src/machine/machine.ts";
import { MemoryStore } from "../../src/machine/memory-store.ts";
import type { RecordView } from "../../src/machine/record-view.ts";
import { imagesMax } from "../../src/machine/store.ts";
import { asyncOf, del, entryOf, put } from "../machine/bytes-of.ts";
import { VirtualClock } from "./support/virtual-clock.ts";

/** A machine, and the views of it that were opened. */
class Node {
  readonly clock = new VirtualClock();
  readonly machine = new Machine({ store: new MemoryStore() });
  readonly opened: RecordView[] = [];
  readonly views: ReadViews;
  #names = 0;

  constructor(limits?: ReadViewLimits) {
    this.views = new ReadViews({ machine: { view: () => this.#view() }, clock: this.clock, newName: () => `view ${(this.#names += 1)}`, ...(limits === undefined ? {} : { limits }) });
  }

  get open(): boolean[] {
    return this.opened.map(({ isOpen }) => isOpen);
  }

  apply(...commands: (ReturnType<typeof put> | ReturnType<typeof del>)[]): void {
    this.machine.applyBatch(commands.map((command, place) => entryOf(this.machine.lastApplied + 1 + place, command)));
  }

  read(owner: object, name: string, start = ""): HeldPage {
    return this.views.read(owner, name, { start: utf8(start), end: undefined, limit: 2, keysOnly: false, countOnly: false });
  }

  #view(): RecordView {
    const view = this.machine.view();
    this.opened.push(view);
    return view;
  }
}

const shown = ({ records, more, index }: HeldPage): unknown => [records.map(({ key, value }) => `${utf8Text(key)}=${utf8Text(value)}`), more, index];

function codeOf(call: () => unknown): string {
  try {
    call();
    return "nothing was thrown";
  } catch (thrown) {
    return toRaftctlError(thrown).code;
  }
}

const reader = { name: "a connection" };

test("every page shows the state of the moment at which it was held, whatever is written meanwhile (H35)", async () => {
  const node = new Node();
  node.apply(put("a", "1"), put("b", "1"), put("c", "1"), put("d", "1"));
  const name = node.views.hold(reader, undefined);
  expect(shown(node.read(reader, name))).toEqual([["a=1", "b=1"], true, 4]);
  node.apply(put("c", "2"), del("d"), put("cc", "2"), put("e", "2"));
  expect(shown(node.read(reader, name, "b\0"))).toEqual([["c=1", "d=1"], false, 4]);
  expect(shown(node.read(reader, node.views.hold(reader, undefined), "c"))).toEqual([["c=2", "cc=2"], true, 8]);
});

test("what nobody reads from ends after its silence, what is read lasts, and nothing lasts for ever (T26)", async () => {
  const node = new Node();
  node.apply(put("a", "1"));
  const [left, read] = [node.views.hold(reader, undefined), node.views.hold(reader, undefined)];
  for (let ms = 0; ms + viewSilenceMs - 1 < viewLifeMs; ms += viewSilenceMs - 1) {
    expect(shown(node.read(reader, read))).toEqual([["a=1"], false, 1]);
    await node.clock.advance(viewSilenceMs - 1);
  }
  expect(() => node.read(reader, left)).toThrow("is not held here any more");
  expect(node.open).toEqual([false, true]);
  node.read(reader, read);
  await node.clock.advance(viewSilenceMs - 1);
  expect(codeOf(() => node.read(reader, read))).toBe("VIEW_GONE");
  expect([node.open, node.views.count, node.clock.armed]).toEqual([[false, false], 0, []]);
});

test("who asks is told that it is gone, why that may be, and what helps", () => {
  const node = new Node();
  expect(() => node.read(reader, "view 1")).toThrow(expect.objectContaining({ code: "VIEW_GONE", retryable: true, hint: "begin again with the first page", message: expect.stringContaining("within 30 s, 5 minutes") }));
});

test("only who had it held reads it, and it ends when he is gone", () => {
  const node = new Node();
  node.apply(put("a", "1"));
  const other = {};
  const [mine, his] = [node.views.hold(reader, undefined), node.views.hold(other, undefined)];
  expect(codeOf(() => node.read(other, mine))).toBe("VIEW_GONE");
  expect(node.views.end(other, mine)).toBe(false);
  node.views.leave(reader);
  expect(node.open).toEqual([false, true]);
  expect(codeOf(() => node.read(reader, mine))).toBe("VIEW_GONE");
  expect(codeOf(() => node.views.hold(reader, undefined))).toBe("STOPPED");
  expect(node.read(other, his).index).toBe(1);
  expect([node.views.end(other, his), node.views.end(other, his), node.views.count, node.clock.armed]).toEqual([true, false, 0, []]);
});

test("there are only so many of one connection and of one node; one that ends makes room (T26)", () => {
  const node = new Node({ perConnection: 2, perNode: 3 });
  const [one, two] = [{}, {}];
  const first = node.views.hold(one, undefined);
  node.views.hold(one, undefined);
  expect(() => node.views.hold(one, undefined)).toThrow(expect.objectContaining({ code: "BUSY", message: expect.stringContaining("over this connection already (at most 2)") }));
  node.views.hold(two, undefined);
  expect(() => node.views.hold(two, undefined)).toThrow(expect.objectContaining({ code: "BUSY", message: expect.stringContaining("here already (at most 3)") }));
  expect(node.opened).toHaveLength(3);
  node.views.end(one, first);
  node.views.hold(two, undefined);
  expect(node.views.count).toBe(3);
});

test("snapshots find room beside as many as may be held (T26)", () => {
  const node = new Node();
  node.apply(put("a", "1"));
  for (let place = 0; place < 128; place += 1) node.views.hold({}, undefined);
  expect(codeOf(() => node.views.hold({}, undefined))).toBe("BUSY");
  for (let place = 128; place < imagesMax; place += 1) node.machine.image();
  expect(imagesMax - 128).toBeGreaterThanOrEqual(16);
});

test("a snapshot that is installed ends what was held of the state before it, and nothing is held while it is (H35)", async () => {
  const [node, source] = [new Node(), new Machine({ store: new MemoryStore() })];
  node.apply(put("a", "wrong"));
  source.applyBatch([entryOf(1, put("a", "1")), entryOf(2, put("a", "2"))]);
  const name = node.views.hold(reader, undefined);
  const image = source.image();
  const restored = node.machine.restore({ index: 2, term: 1 }, asyncOf(image.chunks()));
  expect(shown(node.read(reader, name))).toEqual([["a=wrong"], false, 1]);
  expect(codeOf(() => node.views.hold(reader, undefined))).toBe("BUSY");
  await restored;
  expect(codeOf(() => node.read(reader, name))).toBe("VIEW_GONE");
  expect([node.open, shown(node.read(reader, node.views.hold(reader, undefined)))]).toEqual([[false], [["a=2"], false, 2]]);
});

test("a node that stops ends all of them and takes no further ones", () => {
  const node = new Node();
  node.views.hold(reader, undefined);
  node.views.hold({}, undefined);
  node.views.stop();
  expect([node.open, node.views.count, node.clock.armed]).toEqual([[false, false], 0, []]);
  expect(codeOf(() => node.views.hold({}, undefined))).toBe("STOPPED");
});

test("how stale a page is counts from the first page on", async () => {
  const node = new Node();
  node.apply(put("a", "1"));
  const [late, unknown] = [node.views.hold(reader, 12), node.views.hold(reader, undefined)];
  await node.clock.advance(1_000);
  expect([node.read(reader, late).staleMs, node.read(reader, unknown).staleMs]).toEqual([1_012, undefined]);
});

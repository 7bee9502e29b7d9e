// Bugs in ranges of several pages: pages of different moments, states that are held too long or by the wrong one, and readers who mistake one for another.

import type { Mutant } from "../mutant.ts";

const viewsFile = "src/host/read-views.ts";
const clientFile = "src/client/pages.ts";
const views = ["test/host/read-views.test.ts"];
const client = ["test/client/pages.test.ts"];
const daemon = ["test/daemon/pages.test.ts"];

export const pageMutants: readonly Mutant[] = [
  {
    name: "pages-show-what-is-there-now",
    breaks: ["H35"],
    file: "src/machine/machine.ts",
    find: "const view = new RecordView(image, {",
    replace: "const view = new RecordView({ ...image, get: (key) => image.get(key), scan: () => image.scan(), close: () => image.close(), range: (range) => this.#store.range(range) }, {",
    tests: views,
  },
  {
    name: "pages-outlive-the-state-that-was-replaced",
    breaks: ["H35"],
    file: "src/machine/machine.ts",
    find: "      for (const view of this.#views) view.close();\n",
    replace: "",
    tests: views,
  },
  {
    name: "pages-are-held-while-the-state-is-replaced",
    breaks: ["H35"],
    file: "src/machine/machine.ts",
    find: "if (this.#isRestoring) throw new RaftctlError(\"BUSY\", ",
    replace: "if (this.#isRestoring && this.#views.size > 99) throw new RaftctlError(\"BUSY\", ",
    tests: views,
  },
  {
    name: "pages-are-held-in-silence",
    breaks: ["T26"],
    file: viewsFile,
    find: "clock.at(Math.min(clock.now() + viewSilenceMs, openedAt + viewLifeMs), ",
    replace: "clock.at(openedAt + viewLifeMs, ",
    tests: views,
  },
  {
    name: "pages-are-held-for-ever-by-who-goes-on-asking",
    breaks: ["T26"],
    file: viewsFile,
    find: "Math.min(clock.now() + viewSilenceMs, openedAt + viewLifeMs)",
    replace: "clock.now() + viewSilenceMs",
    tests: views,
  },
  {
    name: "pages-do-not-make-room-when-they-end",
    breaks: ["T26"],
    file: viewsFile,
    find: "    this.#count -= 1;\n",
    replace: "",
    tests: views,
  },
  {
    name: "pages-are-held-for-who-is-gone",
    breaks: ["T26"],
    file: "src/daemon/client-doors.ts",
    find: "const kept = [watches, views] as const;",
    replace: "const kept = [watches, { ...views, leave: () => undefined, stop: () => views.stop() }] as const;",
    tests: daemon,
  },
  {
    name: "pages-that-are-read-to-the-end-stay-held",
    breaks: ["T26"],
    file: "src/daemon/client-server.ts",
    find: "    served.views.end(connection, view);\n    return answer;",
    replace: "    return answer;",
    tests: ["test/http/pages.test.ts"],
  },
  {
    name: "pages-are-named-by-the-index-of-today",
    breaks: ["H35"],
    file: "src/daemon/client-server.ts",
    find: "{ ...this.#read(served, page), index: page.index, staleMs",
    replace: "{ ...this.#read(served, page), staleMs",
    tests: daemon,
  },
  {
    name: "pages-client-goes-on-at-another-index",
    breaks: ["S109"],
    file: clientFile,
    find: "page = await kv.page({ view, start: keyBehind(page.records.at(-1)!.key), end, keysOnly, ...portionOf(wanted) }, { timeoutMs, signal });",
    replace: "page = await kv.page({ view, start: keyBehind(page.records.at(-1)!.key), end, keysOnly, ...portionOf(wanted) }, { timeoutMs, signal }).catch(() => kv.range({ ...query, start: keyBehind(page.records.at(-1)!.key), ...portionOf(wanted) }, options));",
    tests: client,
  },
  {
    name: "pages-client-never-says-that-it-has-enough",
    breaks: ["T26"],
    file: clientFile,
    find: "if (held !== undefined) void kv.closeView(held).catch(() => undefined);",
    replace: "if (held === \"\") void kv.closeView(held).catch(() => undefined);",
    tests: client,
  },
  {
    name: "list-and-watch-tells-the-last-change-of-the-list-again",
    breaks: ["S116"],
    file: "src/client/list-and-watch.ts",
    find: "fromIndex: listed.index + 1",
    replace: "fromIndex: listed.index",
    tests: ["test/client/watch.test.ts"],
  },
];

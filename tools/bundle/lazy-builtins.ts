// Modules of Node that few commands need and that take milliseconds to load are loaded when one of their functions is called for the first time. Only what is
// a function is exported by name, as a function that calls the real one; whoever imports the default gets the module itself, when it looks into it.

import type { Plugin } from "rolldown";

const lazy = ["child_process", "crypto", "perf_hooks", "readline", "readline/promises"];
const prefix = "\0lazy:";

export const lazyBuiltins: Plugin = {
  name: "lazy-builtins",
  resolveId: (source) => {
    const name = source.replace(/^node:/, "");
    return lazy.includes(name) ? { id: `${prefix}${name}`, moduleSideEffects: false } : null;
  },
  load: (id) => (id.startsWith(prefix) ? { code: codeOf(id.slice(prefix.length)), moduleSideEffects: false } : null),
};

function codeOf(name: string): string {
  const functions = Object.entries(process.getBuiltinModule(name) as object).filter(([key, value]) => typeof value === "function" && key !== "default").map(([key]) => key);
  return `let loaded;
const real = () => (loaded ??= process.getBuiltinModule(${JSON.stringify(name)}));
export default /* @__PURE__ */ new Proxy({}, { get: (_, key) => real()[key], has: (_, key) => key in real() });
${functions.map((key) => `export function ${key}(...given) { return new.target === undefined ? real().${key}(...given) : Reflect.construct(real().${key}, given, new.target === ${key} ? real().${key} : new.target); }`).join("\n")}
${name === "perf_hooks" ? "export const performance = globalThis.performance;" : ""}`;
}

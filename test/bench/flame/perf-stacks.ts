// What `perf script -F comm,pid,tid,ip,sym,dso` prints, as stacks with their number of samples: outermost frame first, below the kind of thread it ran on.
// Frames that say nothing (the way into JavaScript, functions without a name) are left out.

export type FrameKind = "javascript" | "lmdb" | "v8" | "kernel" | "native";

export interface Frame {
  readonly name: string;
  readonly kind: FrameKind;
}

export interface Stack {
  readonly frames: readonly Frame[];
  readonly samples: number;
}

/** What the kernel does below that is its own business. */
const kernelFramesMax = 3;

const frameLine = /^\s+[0-9a-f]+\s+(.*)\s\(([^()]*)\)$/;
const javascript = /^JS:[~^+*]?'?(?<name>\S*) (?<file>\S+?)(?::\d+:\d+)?$/;
/** The way from libuv into JavaScript is always the same. */
const silent = /^(?:\[unknown\]|_start|main|start_thread|__clone3?|worker|__libc_start.*|node::(?:Start|NodeMainInstance|SpinEventLoop|InternalMakeCallback|MakeCallback|AsyncWrap|InternalCallbackScope|StreamBase|LibuvStreamWrap|EmitToJSStreamListener).*|uv_run|Builtins_(?:JSEntry|CallApi|Interpreter|Call).*|v8::(?:Function::Call|internal::Execution|internal::\(anonymous namespace\)::Invoke|internal::MicrotaskQueue|platform).*|v8impl::.*|Napi::.*|do_syscall_64|entry_SYSCALL.*|.*\{lambda\(.*)$/;

/** @param lines of one process or several */
export function stacksOf(lines: Iterable<string>): Stack[] {
  const found = new Map<string, { readonly frames: readonly Frame[]; samples: number }>();
  let thread = "";
  let innermostFirst: Frame[] = [];
  const end = (): void => {
    if (thread === "") return;
    const outermostFirst = innermostFirst.reverse();
    const kernelFrom = outermostFirst.findIndex(({ kind }) => kind === "kernel");
    const called = kernelFrom === -1 ? outermostFirst : outermostFirst.slice(0, kernelFrom + kernelFramesMax);
    const frames = [{ name: thread, kind: "native" } as const, ...called];
    const key = frames.map(({ name }) => name).join("\n");
    const known = found.get(key);
    if (known === undefined) found.set(key, { frames, samples: 1 });
    else known.samples += 1;
    thread = "";
    innermostFirst = [];
  };
  for (const line of lines) {
    if (line.trim() === "") end();
    else if (/^\S/.test(line)) thread = threadKind(line);
    else {
      const frame = frameOf(line);
      if (frame !== undefined) innermostFirst.push(frame);
    }
  }
  end();
  return [...found.values()];
}

function threadKind(line: string): string {
  if (line.startsWith("libuv-worker")) return "threads for files";
  return line.startsWith("V8Worker") ? "compiler and collector threads" : "main thread";
}

function frameOf(line: string): Frame | undefined {
  const [, symbol, object] = frameLine.exec(line) ?? [];
  if (symbol === undefined || object === undefined) return undefined;
  const name = symbol.replace(/\+0x[0-9a-f]+$/, "").replace(/@@.*$/, "").replace(/\.(?:constprop|isra|part)\..*$/, "");
  const called = javascript.exec(name)?.groups;
  if (called !== undefined) return called["name"] === "" ? undefined : { name: called["name"]!, kind: called["file"]!.includes("/lmdb/") ? "lmdb" : "javascript" };
  if (silent.test(name) || name.startsWith("JS:")) return undefined;
  if (object.startsWith("[")) return { name, kind: "kernel" };
  if (/lmdb/.test(object)) return { name, kind: "lmdb" };
  return { name: name.replace(/<.*/, "").replace(/^v8::internal::/, ""), kind: /^(?:v8::|Builtins_)/.test(name) ? "v8" : "native" };
}

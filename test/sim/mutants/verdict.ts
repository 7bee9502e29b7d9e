// What one way of looking for a bug has found. Only a property, an assertion of the product or a test kills a mutant: a program that breaks down
// because the change made no sense (a type error, a syntax error) proves nothing.

export type Verdict =
  | { readonly kind: "killed"; readonly by: string; readonly seeds: number | undefined }
  | { readonly kind: "survived"; readonly note: string };

/** Thrown by the changed program itself. A test that trips over what it did not expect is another matter: it has noticed. */
const broken = /\b(?:TypeError|ReferenceError|RangeError)\b[^\n]*\n\s*at [^\n]*\bsrc\//;
/** As a message of its own, without its kind. */
const brokenMessage = /^(?:Cannot read properties of|Cannot set properties of|Cannot destructure|Maximum call stack)|is not (?:a function|iterable|defined|a constructor)\b/;
const unreadable = /\b(?:SyntaxError|ERR_MODULE_NOT_FOUND|ERR_INVALID_TYPESCRIPT_SYNTAX)\b/;
const assertion = /not true: ([^\n]+)/;

/** @param what noticed it: a property or a test; @param message of the failure. */
export function judge(what: string, message: string, seeds?: number): Verdict {
  const sentence = assertion.exec(message)?.[1];
  if (sentence !== undefined) return { kind: "killed", by: `assertion: ${sentence.slice(0, 100)}`, seeds };
  if (broken.test(message) || brokenMessage.test(message) || unreadable.test(message)) return { kind: "survived", note: `breaks down in ${what}: ${firstLine(message)}` };
  return { kind: "killed", by: what, seeds };
}

export function firstLine(text: string): string {
  return text.trim().split("\n", 1)[0]!.slice(0, 160);
}

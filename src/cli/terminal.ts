// What may be written to a terminal: colour only where it is wanted, and text of others (keys, values, names, messages) only after control
// characters were made visible, so that a stored key cannot move the cursor, retitle the window or forge a line of output.

import { Buffer } from "node:buffer";
import { styleText } from "node:util";
import { utf8Text } from "../base/bytes.ts";

type Style = Parameters<typeof styleText>[0];

/** Plain text unless the stream is a terminal that wants colour (NO_COLOR, FORCE_COLOR and TERM=dumb are honoured). */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream });
}

/** C0 and C1 controls, line and paragraph separators, bidirectional overrides: everything that changes how other text is shown. */
const unsafeCharacters = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu;
const lineFeedAndTab = /[\n\t]/;

/** One line of visible characters. */
export function visible(text: string): string {
  return text.replaceAll(unsafeCharacters, escapeCharacter);
}

/** As `visible`, but line feeds and tabs stay. */
export function visibleText(text: string): string {
  return text.replaceAll(unsafeCharacters, (character) => (lineFeedAndTab.test(character) ? character : escapeCharacter(character)));
}

/** Bytes as one line: text with its control characters made visible, anything else in base64. */
export function shownBytes(bytes: Uint8Array): string {
  const text = utf8Text(bytes);
  return text === undefined ? `base64:${Buffer.from(bytes).toString("base64")}` : visible(text);
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** A broken pipe ends the reader's interest, not our success: `| head` is quiet. */
export function endQuietlyOnBrokenPipe(stream: NodeJS.WriteStream): void {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(process.exitCode ?? 0);
  });
}

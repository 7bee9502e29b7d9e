// The few globals that the floors below the line may use: each exists in every JavaScript runtime and touches nothing of the world.
// The floors are type-checked without Node's types (tsconfig.pure.json), so anything else does not compile.

declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>;
  encodeInto(source: string, destination: Uint8Array): { read: number; written: number };
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes?: Uint8Array): string;
}
/** Of every engine but one, where setting it does nothing. */
interface ErrorConstructor {
  stackTraceLimit: number;
}
interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

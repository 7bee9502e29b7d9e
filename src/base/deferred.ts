// A promise with its two ends apart, for waiters that are resolved by a later event, and the type of a value that may come at once.

export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: Error) => void;
}

export function defer<T>(): Deferred<T> {
  return Promise.withResolvers<T>();
}

export type MaybePromise<T> = T | Promise<T>;

/** Goes on synchronously when the value is there, and after the promise when it is not (S23). */
export function whenDone<T, R>(value: MaybePromise<T>, next: (value: T) => R): MaybePromise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

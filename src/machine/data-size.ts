// How much data there is: keys of users, and the bytes of their rows, streams and settings included, as the store is handed them. The same on every
// node at the same index, whatever the store makes of it on its disk.

export class DataSize {
  keys: number;
  bytes: number;

  constructor(keys: number, bytes: number) {
    this.keys = keys;
    this.bytes = bytes;
  }
}

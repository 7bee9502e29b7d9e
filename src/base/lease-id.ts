// The id of a lease as people see it.

/** 16 hexadecimal digits. */
export function leaseText(lease: bigint): string {
  return lease.toString(16).padStart(16, "0");
}

/** @returns undefined for what is no id of a lease */
export function parseLease(text: string): bigint | undefined {
  const lease = /^[0-9a-f]{1,16}$/i.test(text) ? BigInt(`0x${text}`) : 0n;
  return lease === 0n ? undefined : lease;
}

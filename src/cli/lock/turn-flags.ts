// The flags of `lock` and `elect`.

import { durationFlag } from "../flags.ts";

export const turnFlags = {
  ttl: durationFlag({ description: "for so long it outlives a holder that stops without a word (default 10s)" }),
  wait: durationFlag({ description: "wait so long for those who came before; 0s: not at all (default: for ever)" }),
};

export interface TurnFlags {
  readonly ttl: number | undefined;
  readonly wait: number | undefined;
}

// A share from 0 to 1, as checks take it for reads among all operations.

import * as Flags from "@oclif/core/flags";
import { RaftctlError } from "../../base/errors.ts";

export const ratioFlag = Flags.custom<number>({ parse: async (text) => parseRatio(text), helpValue: "<ratio>" });

function parseRatio(text: string): number {
  const ratio = /^(?:0|1|0?\.\d{1,6}|1\.0+|0\.0+)$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(ratio)) throw new RaftctlError("USAGE", `${JSON.stringify(text)} is not a share from 0 to 1, such as 0.5`);
  return ratio;
}

// Loaded before a daemon: what it tells V8 is also written to its log, one line for each switch.

import { syncBuiltinESMExports } from "node:module";
import v8 from "node:v8";

const { setFlagsFromString } = v8;
v8.setFlagsFromString = (flag) => {
  process.stderr.write(`v8 was told ${flag}\n`);
  setFlagsFromString(flag);
};
syncBuiltinESMExports();

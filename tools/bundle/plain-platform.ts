// oclif asks at each start whether Linux runs inside of Windows, and how its shell would be found there: to us it is Linux all the same.

import type { Plugin } from "rolldown";

const id = "\0plain-platform";

export const plainPlatform: Plugin = {
  name: "plain-platform",
  resolveId: (source) => (source === "wsl-utils" ? { id, moduleSideEffects: false } : null),
  load: (loaded) => (loaded === id ? 'export const isWsl = false;\nexport const powerShellPath = async () => "powershell.exe";' : null),
};

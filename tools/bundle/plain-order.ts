// oclif sorts the ids of its commands by the rules of a language, for which the tables of all languages are loaded at each start. Ids are ASCII.

import type { Plugin } from "rolldown";

const file = /@oclif\/core\/lib\/config\/plugin\.js$/;
const sorted = ".sort((a, b) => a.id.localeCompare(b.id))";

export const plainOrder: Plugin = {
  name: "plain-order",
  transform: (code, id) => {
    if (!file.test(id)) return null;
    if (code.split(sorted).length !== 2) throw new Error(`${id} sorts its commands in another way by now; see ${import.meta.filename}`);
    return { code: code.replace(sorted, ".sort((a, b) => (a.id < b.id ? -1 : 1))") };
  },
};

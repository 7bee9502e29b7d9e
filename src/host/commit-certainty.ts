// Whether it is certain when a command is committed that it will be executed, as a port: a state machine may refuse one, because it has forgotten the session
// that the command is stamped with. Only what is certain is answered as committed; the rest is answered when it is applied.

import type { Entry } from "../raft/entry.ts";

export interface CommitCertainty {
  /**
   * @param log of the leader: the entries behind what the state machine has applied, both ends included
   * @param through index of the last entry that is committed
   * @returns whether an entry up to there is certain to be executed, or to be a repetition of one before it that is; false when that is not known
   */
  certainty(log: { entriesBetween(first: number, last: number): readonly Entry[] }, through: number): (entry: Entry) => boolean;
}

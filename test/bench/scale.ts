// How much is done in a round: as the goals say it, or so little that it only shows that everything works.

export interface Scale {
  /** Of one load. */
  readonly seconds: number;
  readonly warmUpMs: number;
  /** Of each load before the first that counts. */
  readonly runInSeconds: number;
  readonly clientConnections: number;
  readonly putsBeforeRestart: number;
  readonly leaderKills: number;
  readonly idleSeconds: number;
  readonly shellRuns: number;
  readonly enduranceMinutes: number;
}

export const fullScale: Scale = {
  seconds: 3, warmUpMs: 2000, runInSeconds: 10, clientConnections: 1000, putsBeforeRestart: 1_000_000, leaderKills: 3, idleSeconds: 20, shellRuns: 15, enduranceMinutes: 30,
};

/** Its figures mean nothing. */
export const quickScale: Scale = {
  seconds: 0.3, warmUpMs: 100, runInSeconds: 0.3, clientConnections: 50, putsBeforeRestart: 5000, leaderKills: 1, idleSeconds: 1, shellRuns: 2, enduranceMinutes: 0.05,
};

// Waits between two attempts to reach the daemon again.

const LONGEST = 10_000;

/** Ms before the next attempt: 1, 2, 4, 8, 10 s, each a fifth longer or shorter so that many tabs do not come at once. */
export function retryDelay(attempt: number, random: number): number {
  const base = Math.min(LONGEST, 1000 * 2 ** Math.min(attempt, 10));
  return Math.round(base * (0.8 + random * 0.4));
}

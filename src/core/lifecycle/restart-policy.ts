// Restart delays with jitter, and restart budgets.
import { type RestartBudget, type RestartPolicy, UNLIMITED_ENDS } from '../model/server-spec.ts';

/** Returns how many more unplanned ends the tightest budget allows; `UNLIMITED_ENDS` without a budget. */
export function budgetRemaining(
  failures: readonly number[],
  now: number,
  budgets: readonly RestartBudget[],
): number {
  return Math.min(
    ...budgets.map(({ restarts, within }) => Math.max(0, restarts - countSince(failures, now - within))),
    UNLIMITED_ENDS,
  );
}

/**
 * Adds a failure and drops those that no budget counts any more.
 * Bounded by the largest budget: more would change no result.
 */
export function rememberFailure(
  failures: readonly number[],
  at: number,
  budgets: readonly RestartBudget[],
): number[] {
  const horizon = Math.max(0, ...budgets.map(({ within }) => within));
  const most = Math.max(1, ...budgets.map(({ restarts }) => restarts));
  return [...failures.filter((failure) => failure > at - horizon), at].slice(-most);
}

/**
 * Returns the wait before the next attempt, in milliseconds, never above `maxDelay`.
 *
 * @param attempt how many unplanned ends came before this one since the last stable run
 * @param isFirstAfterReady a server that had been ready and fails for the first time comes back at once
 * @param chance 0..1, spreads the delay over ±jitter so that servers that fail together do not return together
 */
export function nextDelay(
  { attempt, isFirstAfterReady, chance }: { attempt: number; isFirstAfterReady: boolean; chance: number },
  policy: RestartPolicy,
): number {
  if (isFirstAfterReady) return 0;
  // 2^30 half-seconds are decades: the cap is far below, the clamp only keeps the arithmetic finite.
  const delay = Math.min(policy.maxDelay, policy.initialDelay * 2 ** Math.min(attempt, 30));
  return Math.min(policy.maxDelay, withJitter(delay, policy.jitter, chance));
}

/** Moves `value` by up to ±`jitter` (0.2 = 20 %) of itself. */
export function withJitter(value: number, jitter: number, chance: number): number {
  return Math.round(value * (1 + jitter * (2 * chance - 1)));
}

function countSince(failures: readonly number[], since: number): number {
  return failures.filter((at) => at > since).length;
}

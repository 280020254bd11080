// Restart guard: holds restarts back while every server fails at once, which is not the servers' fault.

/** What is known of one probed server that has been up; times in monotonic ms. */
export interface TargetState {
  readonly server: string;
  /** Start of the probe round that was the first of an unbroken row of failures; null while it passes. */
  readonly failingSince: number | null;
  /** Whether another server had passed since `failingSince` when its last probe round began. */
  readonly isCorroborated: boolean;
  readonly lastPass: number | null;
  /** Longest time, ms, between two results of it while it is healthy. */
  readonly longestGap: number;
}

/**
 * `restart`: the fault is its own, or there are too few servers to tell. `brake`: every one of them fails.
 * `ask`: neither is known yet; probe these first, and then the candidate again.
 */
export type RestartVerdict =
  | { readonly kind: 'restart' }
  | { readonly kind: 'ask'; readonly servers: readonly string[] }
  | { readonly kind: 'brake'; readonly failing: number; readonly watched: number };

/** With fewer servers than this, all of them failing is no sign of a common cause. */
const CROWD = 3;

/**
 * Decides whether a server that failed may be restarted now. A restart needs corroboration: another server that passed.
 *
 * @param others all that are probed beside `candidate`
 */
export function judgeRestart(candidate: TargetState, others: readonly TargetState[]): RestartVerdict {
  const { failingSince: since, isCorroborated } = candidate;
  if (since === null) return { kind: 'restart' };
  // Who had been failing for long before says nothing about what happened at that time.
  const crowd = others.filter(
    ({ lastPass, longestGap }) => lastPass !== null && lastPass >= since - 2 * longestGap,
  );
  if (crowd.length + 1 < CROWD) return { kind: 'restart' };
  // Another passed while this one failed, and this one failed once more in a round that began after that: when all
  // recover together, rounds that began before still run into their timeouts.
  if (isCorroborated) return { kind: 'restart' };
  if (crowd.every(({ failingSince }) => failingSince !== null)) {
    return { kind: 'brake', failing: crowd.length + 1, watched: crowd.length + 1 };
  }
  const unseen = crowd.filter(
    ({ failingSince, lastPass }) => failingSince === null && (lastPass ?? 0) < since,
  );
  return { kind: 'ask', servers: unseen.map(({ server }) => server) };
}

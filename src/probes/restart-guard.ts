// May a server that failed be restarted now, or is it the world that failed? A restart needs a witness.

/** What is known of one server that is watched and has been up; times in monotonic ms. */
export interface TargetState {
  readonly server: string;
  /** When the look began that was the first of an unbroken row of failures; null while it passes. */
  readonly failingSince: number | null;
  /** Whether another server had passed since `failingSince` when its last look began. */
  readonly isCorroborated: boolean;
  readonly lastPass: number | null;
  /** How long at most lies between two results of it when all is well. */
  readonly longestGap: number;
}

/**
 * `restart`: the fault is its own, or there are too few servers to tell. `brake`: every one of them fails.
 * `ask`: neither is known yet; look at these first, and then at the accused again.
 */
export type RestartVerdict =
  | { readonly kind: 'restart' }
  | { readonly kind: 'ask'; readonly servers: readonly string[] }
  | { readonly kind: 'brake'; readonly failing: number; readonly watched: number };

/** With fewer servers than this, all of them failing is no sign of a common cause. */
const CROWD = 3;

/** @param others all that are watched beside `accused` */
export function judgeRestart(accused: TargetState, others: readonly TargetState[]): RestartVerdict {
  const { failingSince: since, isCorroborated: isWitnessed } = accused;
  if (since === null) return { kind: 'restart' };
  // Who had been failing for long before says nothing about what happened at that time.
  const crowd = others.filter(
    ({ lastPass, longestGap: rhythm }) => lastPass !== null && lastPass >= since - 2 * rhythm,
  );
  if (crowd.length + 1 < CROWD) return { kind: 'restart' };
  // A witness passed while this one failed, and this one failed once more in a look that began after that: when all
  // recover together, looks that began before still run into their timeouts.
  if (isWitnessed) return { kind: 'restart' };
  if (crowd.every(({ failingSince }) => failingSince !== null)) {
    return { kind: 'brake', failing: crowd.length + 1, watched: crowd.length + 1 };
  }
  const unseen = crowd.filter(
    ({ failingSince, lastPass }) => failingSince === null && (lastPass ?? 0) < since,
  );
  return { kind: 'ask', servers: unseen.map(({ server }) => server) };
}

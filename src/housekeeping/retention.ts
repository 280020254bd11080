// How much is kept of each thing, and from what age on something counts as forgotten.

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Beside `current` and what runs: the one before it, and one more. */
export const VERSIONS_KEPT = 2;

/** As many as the journal and the daemon's own log set aside by themselves. */
export const OWN_LOGS_KEPT = 5;

/** A server that is no longer in the config may come back: its logs and versions wait this long, ms. */
export const FORGOTTEN_AFTER = 30 * DAY;

/** An installation takes minutes: what is unfinished for so long has nobody to finish it, ms. */
export const UNFINISHED_AFTER = HOUR;

/** A temporary file lives for a moment, ms. */
export const STALE_AFTER = DAY;

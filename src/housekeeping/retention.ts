// Retention limits of the cleanup: how many to keep, and after which age to remove.

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Versions kept besides `current` and those in use. */
export const VERSIONS_KEPT = 2;

/** As many rotated files as the journal and the daemon's log keep by themselves. */
export const OWN_LOGS_KEPT = 5;

/** ms that logs and versions of a removed server are kept: it may come back. */
export const REMOVED_SERVER_KEPT_FOR = 30 * DAY;

/** ms after which an unfinished installation counts as abandoned; one takes minutes. */
export const UNFINISHED_AFTER = HOUR;

/** ms after which a temporary file counts as abandoned; one lives for a moment. */
export const STALE_AFTER = DAY;

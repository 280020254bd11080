// Facts about the version of a server: what runs, what is available, what is held back, and how far an update is.
import type { HeldReason, UpdateBy, UpdatePhase, UpdateResult } from './vocabulary.ts';

export interface HeldVersion {
  readonly version: string;
  readonly reason: HeldReason;
  /** One line for people. */
  readonly detail: string;
}

/** What the registry says of one server's package, judged. */
export interface UpdateCheck {
  readonly server: string;
  readonly package: string;
  /** What runs, or would run; null when nothing is installed yet. */
  readonly running: string | null;
  /** The newest stable version that is published, whether it may be taken or not. */
  readonly latest: string | null;
  /** The version to go to; null when there is none. */
  readonly candidate: string | null;
  /** Versions that would come before the candidate, were it not for this; the newest first. */
  readonly held: readonly HeldVersion[];
  /** Why nothing could be found out; one line. */
  readonly error: string | null;
}

/** Lasting facts of one server, kept in `run/state.json`. Times in ms since the epoch. */
export interface UpdateMemory {
  /** What ran before the last change; what `rollback` goes back to. */
  readonly previous: string | null;
  /** Versions that failed here, and are not tried again by themselves. */
  readonly bad: readonly { readonly version: string; readonly reason: string; readonly at: number }[];
  /** A version that an operator named; the schedule leaves the server alone. */
  readonly pinned: string | null;
  /** What was chosen in place of what the config asks for, as long as it asks for that. */
  readonly chosen: { readonly wish: string; readonly version: string } | null;
  readonly last: {
    readonly at: number;
    readonly from: string;
    readonly to: string;
    readonly result: UpdateResult;
    readonly reason: string | null;
  } | null;
}

export const NO_UPDATES: UpdateMemory = {
  previous: null,
  bad: [],
  pinned: null,
  chosen: null,
  last: null,
};

/** An update under way. `until` in ms since the epoch: the end of the wait or the probation. */
export interface UpdateProgress {
  readonly phase: Exclude<UpdatePhase, 'idle'>;
  readonly from: string;
  readonly to: string;
  readonly by: UpdateBy;
  readonly since: number;
  readonly until: number | null;
  /** One line for people: a line of npm, what is waited for, why it is rolled back. */
  readonly detail: string | null;
}

/** What status, page and metrics show. */
export interface UpdateStatus {
  /** Null before the first look. */
  readonly checkedAt: number | null;
  readonly outlook: UpdateCheck | null;
  /** Null while nothing is under way. */
  readonly progress: UpdateProgress | null;
  readonly memory: UpdateMemory;
}

/** What an operator is answered. `begun` goes on in the background: the status tells how. */
export interface UpdateAnswer {
  readonly server: string;
  readonly answer: 'begun' | 'planned' | 'nothing' | 'held' | 'busy' | 'refused';
  readonly from: string | null;
  readonly to: string | null;
  /** Why not, in one line; null for `begun`, `planned` and `nothing`. */
  readonly reason: string | null;
  readonly hint: string | null;
  /** What is, or would be, done, in order; for people. */
  readonly steps: readonly string[];
}

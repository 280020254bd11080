// Facts about the version of a server: what runs, what is available, what is held back, and how far an update is.
import type { ToolChange } from '../gateway/tool-definitions.ts';
import type { HeldReason, UpdateBy, UpdatePhase, UpdateResult } from './vocabulary.ts';

/** A newer version that is not taken. */
export interface HeldVersion {
  readonly version: string;
  readonly reason: HeldReason;
  /** One line for people. */
  readonly detail: string;
}

/** Result of a check for updates: the registry's versions of one server's package, and which of them may be taken. */
export interface UpdateCheck {
  readonly server: string;
  readonly package: string;
  /** Version that runs, or would run; null when none is installed yet. */
  readonly running: string | null;
  /** The newest stable version that is published, whether it may be taken or not. */
  readonly latest: string | null;
  /** The version to update to; null when there is none. */
  readonly candidate: string | null;
  /** Versions that would be preferred to the candidate were they not held back; the newest first. */
  readonly held: readonly HeldVersion[];
  /** Why the check failed, one line; null when it did not. */
  readonly error: string | null;
}

/** Update history of one server, kept in `run/state.json`. Times in ms since the epoch. */
export interface UpdateMemory {
  /** Version before the last change, to which `rollback` returns; null for none. */
  readonly previous: string | null;
  /** Versions that failed here and are not tried again automatically. */
  readonly bad: readonly { readonly version: string; readonly reason: string; readonly at: number }[];
  /** Version that an operator pinned: the schedule does not update the server; null for none. */
  readonly pinned: string | null;
  /** Version that replaces the config's `wish` as long as the config has it; null for none. */
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

/** An update under way. `until` in ms since the epoch: the end of the wait or the probation; null in other phases. */
export interface UpdateProgress {
  readonly phase: Exclude<UpdatePhase, 'idle'>;
  readonly from: string;
  readonly to: string;
  readonly by: UpdateBy;
  readonly since: number;
  readonly until: number | null;
  /** One line for people: npm's progress, what it waits for, why it is rolled back; null for none. */
  readonly detail: string | null;
}

/** Update part of a server's status, as page and metrics show it. */
export interface UpdateStatus {
  /** Null before the first check. */
  readonly checkedAt: number | null;
  readonly outlook: UpdateCheck | null;
  /** Null while nothing is under way. */
  readonly progress: UpdateProgress | null;
  readonly memory: UpdateMemory;
  /** What the version that runs says of its tools otherwise than the one before it; left out for nothing. */
  readonly toolChanges?: readonly ToolChange[] | undefined;
}

/** Response to an operator's request. `begun` goes on in the background: the status shows its progress. */
export interface UpdateAnswer {
  readonly server: string;
  readonly answer: 'begun' | 'planned' | 'nothing' | 'held' | 'busy' | 'refused';
  readonly from: string | null;
  readonly to: string | null;
  /** Why not, in one line; null for `begun`, `planned` and `nothing`. */
  readonly reason: string | null;
  readonly hint: string | null;
  /** Steps that are, or would be, done, in order; for people. */
  readonly steps: readonly string[];
}

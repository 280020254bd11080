// Daemon as the foreground view needs it.
import type { Status } from '../../core/model/status.ts';
import type { Bus } from '../../system/bus.ts';

/** What is needed of a daemon here. */
export interface RunningDaemon {
  readonly bus: Pick<Bus, 'subscribe'>;
  status(): Status;
  /** Keys that are set and do nothing in this release, and what is probably not meant. */
  readonly config: { readonly inactive: readonly string[]; readonly warnings: readonly string[] };
  /** Resolves to the reason when the config was refused. */
  reload(): Promise<string | null>;
  stop(): Promise<void>;
  /** Resolves once all is stopped, whoever asked for it. */
  readonly done: Promise<unknown>;
}

// Running daemon as the foreground mode needs it.
import type { LoadedConfig } from '../../config/build/loaded-config.ts';
import type { Status } from '../../core/model/status.ts';
import type { Bus } from '../../system/bus.ts';

export interface RunningDaemon {
  readonly bus: Pick<Bus, 'subscribe'>;
  status(): Status;
  /** `inactive`: keys that are set and have no effect in this release; `warnings`: settings that are probably mistakes. */
  readonly config: Pick<LoadedConfig, 'config' | 'servers' | 'inactive' | 'warnings'>;
  /** Why it runs although its home takes no writes; null when the home does. */
  readonly homeTrouble: string | null;
  /** Reads the config again; resolves to the reason when it was refused, else to null. */
  reload(): Promise<string | null>;
  stop(): Promise<void>;
  /** Resolves once everything has stopped, whoever asked for it. */
  readonly done: Promise<unknown>;
}

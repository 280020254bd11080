// What a config file comes to: plain data, so that another process may have read it.
import type { ServerSpec } from '../core/server.ts';
import type { Listen } from './fields.ts';
import type { NotifyChannel } from './schema.ts';

/** Settings of the daemon itself; durations in milliseconds. */
export interface DaemonConfig {
  readonly metrics: Listen & {
    /** Host names accepted beside the loopback ones, lower case. */
    readonly allowedHosts: readonly string[];
    /** Absolute path. */
    readonly webConfigFile: string | null;
  };
  readonly gateway: Listen;
  readonly sampling: { readonly interval: number };
  /** Cron times; null is never. */
  readonly schedule: {
    readonly update: string | null;
    readonly cleanup: string | null;
    readonly backup: string | null;
  };
  readonly alerts: {
    /** Absolute paths. */
    readonly rules: readonly string[];
    readonly evaluateEvery: number;
    readonly repeatEvery: number;
    readonly notify: readonly NotifyChannel[];
    readonly alertmanager: { readonly url: string | null };
  };
}

export interface LoadedConfig {
  /** Absolute path of the file. */
  readonly path: string;
  readonly config: DaemonConfig;
  /** In the order of the file, disabled ones included. */
  readonly servers: readonly ServerSpec[];
  /** Keys that are set and do nothing before a later release, as paths. */
  readonly inactive: readonly string[];
  /** Values of 8 characters and more that must not appear in any output, longest first. */
  readonly secrets: readonly string[];
  /** What is allowed and probably not meant, one sentence each. */
  readonly warnings: readonly string[];
}

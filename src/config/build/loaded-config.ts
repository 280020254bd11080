// Result of loading a config: plain data, so that a child process may have read it.
import type { RuleDocument } from '../../core/model/alert-rules.ts';
import type { GatewaySettings } from '../../core/model/gateway-policy.ts';
import type { ChannelSettings } from '../../core/model/notification.ts';
import type { Routing } from '../../core/notification/routing.ts';
import type { ServerSpec } from '../../core/model/server-spec.ts';
import type { ListenAddress } from '../schema/fields.ts';

/** Settings of the daemon itself; durations in milliseconds. */
export interface DaemonConfig {
  readonly metrics: ListenAddress & {
    /** Host names accepted beside the loopback ones, lower case. */
    readonly allowedHosts: readonly string[];
    /** Absolute path. */
    readonly webConfigFile: string | null;
    /** Push over OTLP; `interval` in ms. Null for none. */
    readonly otlp: {
      readonly url: string;
      readonly interval: number;
      readonly headers: Readonly<Record<string, string>>;
    } | null;
  };
  readonly page: {
    /** Users of the web config who may read logs and act. */
    readonly actors: readonly string[];
  };
  readonly gateway: GatewaySettings;
  readonly sampling: { readonly interval: number };
  /** Durations in ms. */
  readonly orphans: {
    readonly reap: boolean;
    readonly interval: number;
    readonly patterns: readonly string[];
    readonly minimumAge: number;
  };
  /** Cron times; null is never. */
  readonly schedule: {
    readonly update: string | null;
    readonly cleanup: string | null;
    readonly backup: string | null;
  };
  readonly backups: { readonly keep: number };
  /** Durations in ms. */
  readonly history: {
    readonly enabled: boolean;
    readonly retention: number;
    readonly maxBytes: number;
    readonly resolution: number;
  };
  readonly alerts: {
    /** Whether the rules that come with the watchdog are evaluated. */
    readonly builtIn: boolean;
    /** All that are evaluated, those of the watchdog first. */
    readonly rules: readonly RuleDocument[];
    /** Ms. */
    readonly evaluateEvery: number;
    /** The generation of Prometheus that is followed. */
    readonly prometheusVersion: 2 | 3;
    readonly repeatEvery: number;
    /** What runbook links begin with, up to the name of the alert; null for the pages of the watchdog itself. */
    readonly runbookBase: string | null;
    readonly notify: readonly ChannelSettings[];
    readonly alertmanager: {
      readonly url: string | null;
      /** Absolute path; null for the shipped one. */
      readonly configFile: string | null;
      /** What that file says. */
      readonly routing: Routing;
    };
    readonly prometheus: { readonly url: string | null };
    /** What messages of Alertmanager must carry; null refuses all of them. */
    readonly webhookToken: string | null;
  };
}

export interface LoadedConfig {
  /** Absolute path of the file. */
  readonly path: string;
  readonly config: DaemonConfig;
  /** In the order of the file, disabled ones included. */
  readonly servers: readonly ServerSpec[];
  /** Absolute paths of the other files that were read, or should have been. */
  readonly envFiles: readonly string[];
  /** Keys that are set and do nothing before a later release, as paths. */
  readonly inactive: readonly string[];
  /** Values of 8 characters and more that must not appear in any output, longest first. */
  readonly secrets: readonly string[];
  /** What is allowed and probably a mistake, one sentence each. */
  readonly warnings: readonly string[];
}

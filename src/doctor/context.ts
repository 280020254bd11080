// Everything that checks may read: known facts and queries; a test gives its own.
import type { LoadedConfig } from '../config/build/loaded-config.ts';
import type { ClientUse } from '../config/rewrite/find-uses.ts';
import type { WatchdogError } from '../core/base/errors.ts';
import { codeOf } from '../core/base/guards.ts';
import type { ProcessRow } from '../core/lifecycle/process-tree.ts';
import type { Status } from '../core/model/status.ts';
import type { JournalEntry } from '../journal/journal.ts';
import type { ChannelAvailability } from '../notify/channel-availability.ts';
import type { ServerCopy } from '../orphans/find-copies.ts';
import type { Orphan } from '../orphans/find-orphans.ts';
import type { ReleaseAnswer } from '../packages/own-release.ts';
import type { Machine } from '../service/shared/machine.ts';
import type { ServiceManager } from '../service/shared/service-manager.ts';
import type { RunTool } from '../service/shared/service-options.ts';
import type { LocatedProgram } from '../service/plan/programs.ts';
import type { PlannedService } from '../service/plan/plan-service.ts';
import type { PortOwner } from '../system/net/port-owner.ts';
import type { Paths } from '../system/files/paths.ts';

/** `silent`: something listens but does not answer like a daemon of this release. `took` in ms. */
export type DaemonAnswer =
  | { readonly kind: 'running'; readonly status: Status; readonly took: number }
  | { readonly kind: 'none' }
  | { readonly kind: 'silent'; readonly reason: string };

export type ConfigAnswer =
  | { readonly kind: 'valid'; readonly loaded: LoadedConfig }
  | { readonly kind: 'invalid'; readonly error: WatchdogError };

/** Says why nothing can be checked that the config names: there is none, or it cannot be used. */
export function describeNoConfig({ error }: Extract<ConfigAnswer, { kind: 'invalid' }>): string {
  if (error.code === 'CONFIG_INVALID') return 'the config is invalid';
  return isAbsent(error) ? 'there is no config' : 'the config cannot be read';
}

/** True where no config was written yet. */
export function hasNoConfig({ config }: Pick<DoctorContext, 'config'>): boolean {
  return config.kind === 'invalid' && isAbsent(config.error);
}

function isAbsent({ code, cause }: WatchdogError): boolean {
  return code === 'CONFIG_UNREADABLE' && codeOf(cause) === 'ENOENT';
}

/** The service manager, and the home that the installed file serves; null when it is none of ours. */
export interface ServiceAnswer {
  readonly manager: ServiceManager;
  readonly home: string | null;
  /** Plans what `install` would write now. */
  readonly plan: () => PlannedService;
}

export interface DoctorContext {
  readonly paths: Paths;
  /** Release of this command line. */
  readonly version: string;
  /** Name of its package. */
  readonly packageName: string;
  /** Ms since the epoch. */
  readonly now: number;
  readonly platform: NodeJS.Platform;
  readonly uid: number;
  readonly userHome: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly node: { readonly path: string; readonly version: string };
  readonly config: ConfigAnswer;
  /** Null where no service manager is supported. */
  readonly service: ServiceAnswer | null;
  readonly machine: Machine;
  /** Asks the daemon once; all checks share the answer. */
  readonly daemon: () => Promise<DaemonAnswer>;
  /** Reads the recent events, oldest first. */
  readonly journal: () => Promise<readonly JournalEntry[]>;
  readonly processes: () => Promise<readonly ProcessRow[]>;
  readonly commandOf: (pid: number) => Promise<string | null>;
  readonly whoListens: (port: number, host?: string) => Promise<PortOwner | null>;
  readonly orphans: () => Promise<readonly Orphan[]>;
  /** Lists what the files of MCP clients say about servers of the config; none without a usable config. */
  readonly clientUses: () => readonly ClientUse[];
  /** Finds processes of the config's servers that others have started. */
  readonly copies: () => Promise<readonly ServerCopy[]>;
  readonly channels: () => Promise<readonly ChannelAvailability[]>;
  /** Asks the Alertmanager of the config for the config that it runs with; null without one, and when it does not say. */
  readonly alertmanagerConfig: () => Promise<string | null>;
  /** Returns the free bytes of the file system that holds `path`. */
  readonly freeSpace: (path: string) => Promise<number>;
  readonly run: RunTool;
  /** Asks the registry that the user's npm is configured for. */
  readonly newerRelease: () => Promise<ReleaseAnswer>;
  /** Finds the programs of the config, as the service and as this terminal find them. */
  readonly programs: () => readonly LocatedProgram[];
  /** Says which servers cannot start in the folder that the config names, as `message; cure`. */
  readonly folderWarnings: () => readonly string[];
  /** Lists the variables for proxies and certificates that this shell has and the service lacks. */
  readonly notInService: () => readonly string[];
}

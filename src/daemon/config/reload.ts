// Reload of the config in a running daemon: only what changed is touched, and an invalid file changes nothing.
import { diffServers, diffSettings } from '../../config/diff.ts';
import { loadConfigInChild } from '../../config/load-in-child.ts';
import type { DaemonConfig, LoadedConfig } from '../../config/build/loaded-config.ts';
import { ConfigError } from '../../config/read/problems.ts';
import type { ChangeEffect, ReloadReport } from '../../core/model/config-diff.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import type { ServerSpec } from '../../core/model/server-spec.ts';
import type { Redactor } from '../../core/base/text.ts';
import { messageOf } from '../../core/base/guards.ts';
import type { ConfigChanges, Supervisor } from '../../supervisor/supervisor.ts';
import type { Bus } from '../../system/bus.ts';
import { systemClock } from '../../system/time/clock.ts';
import type { Logger } from '../../system/files/log.ts';
import { contentFingerprint } from './fingerprint.ts';
import type { StateStore } from '../home/state-store.ts';

/** Result of a reload, or of a dry run. */
type Outcome = { readonly report: ReloadReport } | { readonly refusal: WatchdogError };

interface ReloadOptions {
  /** Changes nothing and publishes nothing. */
  readonly dryRun?: boolean;
  /** A refusal is only returned, not published: the file may still be being written. */
  readonly isPatient?: boolean;
}

export interface Reloader {
  /** Reloads, one at a time. A refusal also goes to status, log and metrics. */
  reload(options?: ReloadOptions): Promise<Outcome>;
  /** The config file and its env files. */
  files(): readonly string[];
  /** Tells whether these files differ from what was last applied or refused. */
  hasChanged(): Promise<boolean>;
  /** Calls `listener` with the daemon's own settings after each change of them; the returned function unsubscribes. */
  onSettings(listener: (settings: DaemonConfig) => void): () => void;
}

export interface ReloaderParts {
  readonly config: LoadedConfig;
  /** Fingerprint of its files from when they were read. */
  readonly seen: Promise<string>;
  readonly bus: Bus;
  readonly log: Logger;
  readonly redactor: Redactor;
  readonly supervisor: Supervisor;
  readonly stateStore: StateStore;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export function createReloader(parts: ReloaderParts): Reloader {
  const { bus, log, supervisor } = parts;
  const { path } = parts.config;
  const listeners = new Set<(settings: DaemonConfig) => void>();
  let current = parts.config;
  let takenAt = systemClock.now();
  let envFiles = current.envFiles;
  let settled = parts.seen;
  let last: Promise<unknown> = Promise.resolve();

  function files(): readonly string[] {
    return [path, ...envFiles];
  }

  async function reload({ dryRun = false, isPatient = false }: ReloadOptions): Promise<Outcome> {
    // Before it is read, so that a write meanwhile counts as a change.
    const seen = contentFingerprint(files());
    try {
      const next = await loadConfigInChild(path, parts.environment);
      parts.redactor.learn(next.secrets);
      const report = { ...compare(next, supervisor, current), takenAt };
      if (dryRun) return { report };
      settle(seen, next.envFiles);
      const ending = await take(next, report);
      bus.publish({ kind: 'config-loaded', path, ok: true, error: null });
      return { report: { ...report, isApplied: true, ending } };
    } catch (error) {
      const refusal = toRefusal(error, path);
      if (dryRun) return { refusal };
      const missed = error instanceof ConfigError ? error.envFiles : [];
      const concerned = [...new Set([...current.envFiles, ...missed])];
      if (isPatient) envFiles = concerned;
      else {
        settle(seen, concerned);
        bus.publish({ kind: 'config-loaded', path, ok: false, error: refusal.message });
      }
      return { refusal };
    }
  }

  /** From here on only what differs from `seen` counts as a change. */
  function settle(seen: Promise<string>, next: readonly string[]): void {
    const areSame = next.join('\n') === envFiles.join('\n');
    envFiles = next;
    settled = areSame ? seen : contentFingerprint(files());
  }

  /** @returns names of servers that have not ended although they should have by now */
  async function take(next: LoadedConfig, report: ReloadReport): Promise<readonly string[]> {
    current = next;
    takenAt = systemClock.now();
    logReport(report, log);
    for (const { name, restartFields } of report.changed) {
      // An edit of `enabled` overrides an older start or stop from the command line.
      if (restartFields.includes('enabled')) parts.stateStore.setDesiredState(name, null);
    }
    if (report.settings.live.length > 0) for (const listener of listeners) listener(next.config);
    return await supervisor.apply(toChanges(next.servers, report));
  }

  return {
    files,
    hasChanged: async () => (await contentFingerprint(files())) !== (await settled),
    reload(options = {}) {
      const mine = last.then(() => reload(options));
      last = mine;
      return mine;
    },
    onSettings(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function compare(
  next: LoadedConfig,
  supervisor: Supervisor,
  current: LoadedConfig,
): Omit<ReloadReport, 'takenAt'> {
  const diff = diffServers(current.servers, next.servers);
  const specs = new Map(next.servers.map((spec) => [spec.name, spec]));
  return {
    ...diff,
    path: next.path,
    isApplied: false,
    changed: diff.changed.map(({ name, liveFields, restartFields }) => {
      const effect = effectOf(restartFields, specs.get(name), supervisor.runner(name));
      return { name, liveFields, restartFields, effect };
    }),
    settings: diffSettings(current.config, next.config),
    ending: [],
    warnings: next.warnings,
    inactive: next.inactive,
  };
}

function effectOf(
  restartFields: readonly string[],
  spec: ServerSpec | undefined,
  runner: ReturnType<Supervisor['runner']>,
): ChangeEffect {
  if (restartFields.length === 0) return 'live';
  if (restartFields.includes('enabled')) return spec?.enabled === true ? 'start' : 'stop';
  // Without a process of ours there is nothing to restart: only the probing changes.
  if (runner === undefined) return spec?.source.kind === 'url' ? 'live' : 'start';
  return runner.state.wanted === 'up' ? 'restart' : 'next_start';
}

function toChanges(servers: readonly ServerSpec[], report: ReloadReport): ConfigChanges {
  const specs = new Map(servers.map((spec) => [spec.name, spec]));
  const specOf = (name: string): ServerSpec[] => [specs.get(name)].filter((spec) => spec !== undefined);
  return {
    added: report.added.flatMap(specOf),
    removed: report.removed,
    changed: report.changed.flatMap(({ name, restartFields }) =>
      specOf(name).map((spec) => ({ spec, restart: restartFields.length > 0 })),
    ),
  };
}

/** Logs one line for each server and kind of setting; nothing when nothing changed. */
function logReport({ added, removed, changed, renamed, settings }: ReloadReport, log: Logger): void {
  const formerly = new Map(renamed.map(({ from, to }) => [to, from]));
  for (const server of removed) log.info({ server }, 'The config no longer has this server');
  for (const { name, effect, liveFields, restartFields } of changed)
    log.info(
      { server: name, effect, fields: [...restartFields, ...liveFields] },
      'The config changed this server',
    );
  for (const server of added)
    log.info({ server, formerly: formerly.get(server) }, 'The config has a new server');
  if (settings.live.length > 0) log.info({ fields: settings.live }, 'Settings changed');
  if (settings.nextStart.length > 0)
    log.warn({ fields: settings.nextStart }, 'Settings changed that count from the next start');
}

function toRefusal(error: unknown, path: string): WatchdogError {
  if (error instanceof WatchdogError) return error;
  return new WatchdogError('CONFIG_UNREADABLE', `Cannot take over ${path}: ${messageOf(error)}`, {
    cause: error,
  });
}

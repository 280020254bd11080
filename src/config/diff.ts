// Differences between two configs, sorted by what they need: nothing, a new process, or a new daemon.
import type { ServerChange, ServerDiff, SettingsDiff } from '../core/model/config-diff.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import { isObject } from '../core/base/guards.ts';
import type { DaemonConfig } from './build/loaded-config.ts';

/** Compares two lists of servers by name; a server whose spec is equal in all fields is in none of the lists. */
export function diffServers(before: readonly ServerSpec[], after: readonly ServerSpec[]): ServerDiff {
  const old = new Map(before.map((spec) => [spec.name, spec]));
  const names = new Set(after.map(({ name }) => name));
  const added = after.filter(({ name }) => !old.has(name));
  const removed = before.filter(({ name }) => !names.has(name));
  return {
    added: added.map(({ name }) => name),
    removed: removed.map(({ name }) => name),
    changed: after.flatMap((spec) => changeOf(old.get(spec.name) ?? spec, spec)),
    renamed: renamesBetween(removed, added),
  };
}

/** Each removed server has at most one new name, and each new name one old. */
function renamesBetween(
  removed: readonly ServerSpec[],
  added: readonly ServerSpec[],
): { from: string; to: string }[] {
  const free = new Set(added);
  return removed.flatMap((old) => {
    const twin = [...free].find((spec) => isSame({ ...spec, name: old.name }, old));
    if (twin === undefined) return [];
    free.delete(twin);
    return [{ from: old.name, to: twin.name }];
  });
}

/** Compares the settings of the watchdog itself; paths are those of the file. */
export function diffSettings(before: DaemonConfig, after: DaemonConfig): SettingsDiff {
  const old = settingsOf(before);
  const changed = settingsOf(after).filter(
    ([path, value]) => !isSame(value, old.find(([known]) => known === path)?.[1]),
  );
  const paths = changed.map(([path]) => path);
  return {
    live: paths.filter((path) => LIVE_SETTINGS.has(path)),
    nextStart: paths.filter((path) => !LIVE_SETTINGS.has(path)),
  };
}

/** Settings that count at once: their owners listen to `Reloader.onSettings`. */
const LIVE_SETTINGS: ReadonlySet<string> = new Set([
  'page.actors',
  'gateway.listen',
  'gateway.socket',
  'gateway.allowedHosts',
  'gateway.allowedOrigins',
  'gateway.tokenFile',
  'gateway.maxBody',
  'gateway.timeout',
  'gateway.log',
  'sampling.interval',
  'schedule.update',
  'schedule.cleanup',
  'schedule.backup',
  'backups.keep',
  'history.enabled',
  'history.retention',
  'history.maxBytes',
  'history.resolution',
  'alerts.notify',
  'alerts.repeatEvery',
  'alerts.runbookBase',
  'alerts.rules',
  'alerts.builtIn',
  'alerts.evaluateEvery',
  'alerts.prometheusVersion',
  'alerts.alertmanager',
  'alerts.prometheus',
  'alerts.webhookToken',
  'orphans.reap',
  'orphans.interval',
  'orphans.patterns',
  'orphans.minimumAge',
]);

function settingsOf({ metrics, gateway, ...sections }: DaemonConfig): (readonly [string, unknown])[] {
  const { host, port, ...others } = metrics;
  const written = {
    metrics: { listen: { host, port }, ...others },
    gateway,
    ...sections,
  };
  return Object.entries(written).flatMap(([section, settings]) =>
    Object.entries(settings).map(([key, value]) => [`${section}.${key}`, value] as const),
  );
}

/** Fields that only the watchdog reads: they count from the next probe, sample, stop or start. The process does not see them. */
const LIVE: Readonly<Record<keyof ServerSpec, boolean>> = {
  name: false,
  source: false,
  transport: false,
  url: false,
  headers: false,
  enabled: false,
  args: false,
  env: false,
  cwd: false,
  dependsOn: true,
  restart: true,
  start: true,
  idle: true,
  stop: true,
  probe: true,
  expect: true,
  limits: true,
  update: true,
  logs: true,
  gateway: true,
};

/** Enforced by the system from spawn on, told to the server in the handshake, or how clients share it: each needs a new process. */
const NEED_RESTART: ReadonlySet<string> = new Set(['limits.nice', 'gateway.capabilities', 'gateway.mode']);

function changeOf(before: ServerSpec, after: ServerSpec): ServerChange[] {
  const fields = fieldsOf(after).flatMap((field) => changedPaths(field, before[field], after[field]));
  if (fields.length === 0) return [];
  const isLive = ([field, path]: Changed) => LIVE[field] && !NEED_RESTART.has(path);
  return [
    {
      name: after.name,
      liveFields: fields.filter(isLive).map(([, path]) => path),
      restartFields: fields.filter((changed) => !isLive(changed)).map(([, path]) => path),
    },
  ];
}

type Field = keyof ServerSpec;
type Changed = readonly [field: Field, path: string];

function fieldsOf(spec: ServerSpec): Field[] {
  return Object.keys(LIVE).filter((field): field is Field => field in spec);
}

/** Sections are listed key by key; `env`, `headers` and `source` only as a whole, their keys are not settings. */
function changedPaths(field: Field, before: unknown, after: unknown): Changed[] {
  if (isSame(before, after)) return [];
  if (!LIVE[field] || !isObject(before) || !isObject(after)) return [[field, field]];
  return Object.keys({ ...before, ...after })
    .filter((key) => !isSame(before[key], after[key]))
    .map((key) => [field, `${field}.${key}`]);
}

/** Compares deeply; the order of keys means nothing, the order of a list does. */
function isSame(left: unknown, right: unknown): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => isSame(item, right[index]));
  }
  if (!isObject(left) || !isObject(right)) return Object.is(left, right);
  return Object.keys({ ...left, ...right }).every((key) => isSame(left[key], right[key]));
}

// What a new config changes about the servers, and which changes need a new process.
import type { ServerSpec } from '../core/server.ts';
import { isObject } from '../core/unknown.ts';

interface ServerChange {
  readonly name: string;
  /** Dotted paths, never values: `probe.interval`. */
  readonly liveFields: readonly string[];
  readonly restartFields: readonly string[];
}

/** Names in the order of the new list; a renamed server is one removed and one added. */
export interface ServerDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly ServerChange[];
}

/** What differs, by name; a server whose specification is equal in all fields is in none of the lists. */
export function diffServers(before: readonly ServerSpec[], after: readonly ServerSpec[]): ServerDiff {
  const old = new Map(before.map((spec) => [spec.name, spec]));
  const names = new Set(after.map(({ name }) => name));
  return {
    added: after.filter(({ name }) => !old.has(name)).map(({ name }) => name),
    removed: before.filter(({ name }) => !names.has(name)).map(({ name }) => name),
    changed: after.flatMap((spec) => changeOf(old.get(spec.name) ?? spec, spec)),
  };
}

/** What only the watchdog reads: it counts from the next probe, sample, stop or start. The process does not see it. */
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
  stop: true,
  probe: true,
  limits: true,
  update: true,
  logs: true,
};

/** The one limit that the system, not the watchdog, keeps: it is set at spawn. */
const NICE = 'limits.nice';

function changeOf(before: ServerSpec, after: ServerSpec): ServerChange[] {
  const fields = fieldsOf(after).flatMap((field) => changedPaths(field, before[field], after[field]));
  if (fields.length === 0) return [];
  const isLive = ([field, path]: Changed) => LIVE[field] && path !== NICE;
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

/** Sections are told key by key; `env`, `headers` and `source` only as a whole, their keys are not settings. */
function changedPaths(field: Field, before: unknown, after: unknown): Changed[] {
  if (isSame(before, after)) return [];
  if (!LIVE[field] || !isObject(before) || !isObject(after)) return [[field, field]];
  return Object.keys({ ...before, ...after })
    .filter((key) => !isSame(before[key], after[key]))
    .map((key) => [field, `${field}.${key}`]);
}

/** The order of keys means nothing, the order of a list does. */
function isSame(left: unknown, right: unknown): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => isSame(item, right[index]));
  }
  if (!isObject(left) || !isObject(right)) return Object.is(left, right);
  return Object.keys({ ...left, ...right }).every((key) => isSame(left[key], right[key]));
}

// Removal of secrets from bus events: every text of every event is scrubbed, except fields that are listed as safe.
import { isObject } from '../base/guards.ts';
import type { EventKind, EventOf, WatchdogEvent } from '../model/events.ts';

/**
 * Dotted path of a text within `T`. Elements of a list have the path of the list, the texts of a map the path of the
 * map.
 */
type TextPath<T> = T extends string
  ? ''
  : T extends readonly (infer Element)[]
    ? TextPath<Element>
    : T extends object
      ? string extends keyof T
        ? ''
        : { [Key in keyof T & string]: Join<Key, TextPath<NonNullable<T[Key]>>> }[keyof T & string]
      : never;

type Join<Key extends string, Rest extends string> = Rest extends '' ? Key : `${Key}.${Rest}`;

const LIFECYCLE = [
  'from.phase',
  'from.because',
  'from.leadsTo',
  'from.wanted',
  'from.cause.reason',
  'to.phase',
  'to.because',
  'to.leadsTo',
  'to.wanted',
  'to.cause.reason',
] as const;

const SPEC = [
  'spec.name',
  'spec.source.kind',
  'spec.transport',
  'spec.dependsOn',
  'spec.restart.policy',
  'spec.probe.kind',
  'spec.probe.onFailure',
  'spec.update.policy',
] as const;

/**
 * Texts that cannot hold a secret and that readers compare: closed lists, names of servers and alerts, our own address and
 * the path of the config. `labels` come from our metrics, which show nothing that was not scrubbed, and are what silences
 * match. All else is scrubbed.
 */
const SAFE_TEXTS = {
  'server-added': SPEC,
  'server-changed': SPEC,
  'server-removed': [],
  transition: LIFECYCLE,
  spawned: [],
  exited: ['signal'],
  restarted: ['reason'],
  'start-failed': ['failure.code', 'failure.retry'],
  'install-progress': [],
  installed: [],
  'using-installed': [],
  handshake: ['handshake.era'],
  probed: ['probe', 'result.outcome', 'result.reason'],
  health: [],
  condition: ['condition'],
  sampled: [],
  limit: ['resource', 'level'],
  'log-dropped': [],
  exchanged: [
    'operations.method',
    'operations.error',
    'operations.channel',
    'operations.exemplar.traceId',
    'operations.exemplar.spanId',
  ],
  'tools-changed': ['changes.parts'],
  'client-refused': ['reason'],
  gateway: [],
  collected: ['collector'],
  ticked: [],
  gap: ['cause'],
  brake: [],
  'config-loaded': ['path'],
  waiting: ['on'],
  listening: ['url'],
  'state-persist-failed': [],
  'state-persisted': [],
  reaped: [],
  orphans: [],
  'orphan-reaped': [],
  job: ['job'],
  'update-checked': ['outlook.server', 'outlook.held.reason'],
  'update-moved': ['progress.phase', 'progress.by'],
  'update-settled': ['memory.last.result'],
  scraped: [],
  evaluated: ['alerts.name', 'failing.rule', 'failing.group'],
  recorded: [],
  alert: ['name', 'about', 'severity', 'state', 'labels'],
  delivery: ['owner', 'wasOwner'],
  engine: ['engine'],
  acted: ['about', 'action'],
  notified: ['channel', 'result', 'reason'],
} as const satisfies { readonly [Kind in EventKind]: readonly TextPath<EventOf<Kind>>[] };

/** Safe in every event. A server's name is checked against `SERVER_NAME` and names its folder. */
const ALWAYS_SAFE = ['kind', 'server'] as const;

/** Returns `event` without secrets; the same object when it holds none. Numbers and names of fields stay as they are. */
export function scrubEvent(event: WatchdogEvent, scrub: (text: string) => string): WatchdogEvent {
  // eslint-disable-next-line typescript/no-unsafe-type-assertion -- texts outside of closed lists were replaced by texts, nothing else
  return scrubWithin(event, safeTextsOf(event.kind), scrub) as WatchdogEvent;
}

/** What is safe below a path, by the names of fields: `true` for all of it. */
type SafeTree = true | { readonly [field: string]: SafeTree };

const trees = new Map<EventKind, SafeTree>();

/** Every event passes here, so that each kind's paths are taken apart once. */
function safeTextsOf(kind: EventKind): SafeTree {
  const known = trees.get(kind);
  if (known !== undefined) return known;
  let tree: SafeTree = {};
  for (const path of [...ALWAYS_SAFE, ...SAFE_TEXTS[kind]]) tree = withPath(tree, path.split('.'));
  trees.set(kind, tree);
  return tree;
}

function withPath(tree: SafeTree | undefined, [field, ...rest]: readonly string[]): SafeTree {
  if (tree === true || field === undefined) return true;
  return { ...tree, [field]: withPath(tree?.[field], rest) };
}

function scrubWithin(value: unknown, safe: SafeTree | undefined, scrub: (text: string) => string): unknown {
  if (safe === true) return value;
  if (typeof value === 'string') return scrub(value);
  if (Array.isArray(value)) {
    // A second of calls brings thousands of durations.
    if (value.every((one) => typeof one === 'number')) return value;
    const all = value.map((one) => scrubWithin(one, safe, scrub));
    return all.every((one, index) => one === value[index]) ? value : all;
  }
  if (!isObject(value)) return value;
  let scrubbed: Record<string, unknown> | null = null;
  for (const field of Object.keys(value)) {
    const inner = value[field];
    if (typeof inner !== 'string' && typeof inner !== 'object') continue;
    const own = safe !== undefined && Object.hasOwn(safe, field) ? safe[field] : undefined;
    const clean = scrubWithin(inner, own, scrub);
    if (clean === inner) continue;
    scrubbed ??= { ...value };
    scrubbed[field] = clean;
  }
  return scrubbed ?? value;
}

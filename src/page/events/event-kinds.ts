// Kinds of events in groups that people filter by.

const EVENT_GROUPS = {
  life: ['transition', 'spawned', 'exited', 'restarted', 'start-failed', 'waiting', 'reaped'],
  health: ['probed', 'health', 'condition', 'limit', 'brake', 'tools-changed'],
  updates: ['installed', 'using-installed', 'update-checked', 'update-moved', 'update-settled'],
  alerts: ['alert', 'notified', 'delivery', 'engine'],
  config: ['server-added', 'server-changed', 'server-removed', 'config-loaded'],
  people: ['acted'],
  watchdog: [
    'listening',
    'gateway',
    'gap',
    'job',
    'orphans',
    'orphan-reaped',
    'collected',
    'log-dropped',
    'state-persist-failed',
    'state-persisted',
    'client-refused',
  ],
} as const;
export type EventGroup = keyof typeof EVENT_GROUPS | 'all';

export const EVENT_CHOICES = [
  { key: 'all', label: 'all' },
  { key: 'life', label: 'life' },
  { key: 'health', label: 'health' },
  { key: 'updates', label: 'updates' },
  { key: 'alerts', label: 'alerts' },
  { key: 'config', label: 'config' },
  { key: 'people', label: 'people' },
  { key: 'watchdog', label: 'watchdog' },
] as const satisfies readonly { key: EventGroup; label: string }[];

/** Reads a group from an address. */
export function readGroup(text: string): EventGroup {
  return EVENT_CHOICES.find(({ key }) => key === text)?.key ?? 'all';
}

/** Kinds of a group; none for all. */
export function kindsOf(group: EventGroup): readonly string[] {
  return group === 'all' ? [] : EVENT_GROUPS[group];
}

// Log lines of the daemon, from bus events: a table from event kind to level, facts and sentence.
import {
  type EventHandlers,
  type EventOf,
  handleEvent,
  type WatchdogEvent,
} from '../../core/model/events.ts';
import { describeGap } from '../../core/status/event-line.ts';
import { describeExit } from '../../core/lifecycle/end-text.ts';
import type { Log, Logger } from '../../system/files/log.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';
type Line = readonly [level: Level, facts: Readonly<Record<string, unknown>>, sentence: string];

/** Logs an event as a fixed sentence with the facts beside it, so that lines group; some events are not logged. */
export function logEvent(event: WatchdogEvent, log: Logger & Partial<Pick<Log, 'level'>>): void {
  const line = handleEvent(LINES, event);
  if (line === null) return;
  if (line === ROUTINE) {
    // Nearly all events are of this kind, and nearly no log shows them.
    if (log.level === undefined || SHOWING_ROUTINE.has(log.level)) log.debug({ ...event }, 'Event');
    return;
  }
  const [level, facts, sentence] = line;
  log[level](facts, sentence);
}

const SHOWING_ROUTINE: ReadonlySet<Log['level']> = new Set(['trace', 'debug']);

const ROUTINE = 'routine';
const routine = (): typeof ROUTINE => ROUTINE;

const LINES: EventHandlers<Line | typeof ROUTINE | null> = {
  'server-added': ({ server, spec }) => ['info', { server, source: spec.source.kind }, 'Server configured'],
  'server-changed': ({ server }) => ['info', { server }, 'Server settings changed'],
  'server-removed': ({ server }) => ['info', { server }, 'Server removed'],
  spawned: ({ server, run, pid, version }) => ['info', { server, run, pid, version }, 'Server started'],
  exited: (event) => {
    const { server, run, lastLines } = event;
    return [
      'info',
      { server, run, how: describeExit(event), lastLines: lastLines.slice(-5) },
      'Server exited',
    ];
  },
  restarted: ({ server, reason, detail }) => ['warn', { server, reason, detail }, 'Restarting server'],
  'start-failed': ({ server, failure }) => ['warn', { server, ...failure }, 'Server did not start'],
  transition: ofTransition,
  installed: ({ server, package: name, version, took }) => [
    'info',
    { server, package: name, version, took: Math.round(took) },
    'Package installed',
  ],
  'using-installed': ({ server, version, why }) => [
    'warn',
    { server, version, why },
    'Using the installed version',
  ],
  'update-checked': ofOutlook,
  'update-moved': (event) => {
    const { server, progress } = event;
    // Install progress, each second.
    if (progress.phase === 'installing' && progress.detail !== null) return routine();
    return ['info', { server, ...progress }, 'Update entered its next phase'];
  },
  'update-settled': ({ server, memory, isNews }) =>
    isNews ? ['info', { server, ...memory.last }, 'Update finished'] : null,
  handshake: ({ server, run, handshake }) => [
    'info',
    { server, run, ...handshake },
    'Server answered the handshake',
  ],
  limit: ({ server, resource, level, value, limit }) => [
    'warn',
    { server, resource, level, value, limit },
    'Limit level changed',
  ],
  'log-dropped': ({ server, lines, bytes }) => [
    'warn',
    { server, lines, bytes },
    'Server printed faster than is kept',
  ],
  waiting: ({ server, on }) => ['info', { server, on }, 'Server waits for others'],
  reaped: ({ server, pid, why }) => [
    'warn',
    { server, pid, why },
    'Killed a process left by an earlier daemon',
  ],
  'orphan-reaped': ({ pid, command }) => ['warn', { pid, command }, 'Killed an orphaned server'],
  gap: (gap) => ['warn', { cause: gap.cause, duration: gap.duration }, describeGap(gap)],
  brake: ({ failing, watched }) =>
    failing === 0
      ? ['info', { watched }, 'No longer failing all at once: restarts resume']
      : [
          'warn',
          { failing, watched },
          'Nearly all servers fail at once: restarts for failed probes are suspended',
        ],
  'config-loaded': ({ ok, path, error }) =>
    ok
      ? ['info', { path }, 'Configuration loaded']
      : ['error', { path, error }, 'Configuration refused, the previous one stays in force'],
  listening: ({ url }) => ['info', { url }, 'Listening'],
  gateway: ({ url }) => ['info', { url }, url === null ? 'Gateway without a port' : 'Gateway listens'],
  'state-persist-failed': (event) =>
    event.isNew
      ? ['error', { error: event.error }, 'Cannot save the state: it is kept in memory and tried again']
      : routine(),
  'state-persisted': () => ['info', {}, 'The state is saved again'],
  collected: ({ collector, error }) =>
    error === null ? null : ['warn', { collector, error }, 'Collecting failed'],
  job: ({ job, took, said, error }) =>
    error === null
      ? ['info', { job, took: Math.round(took), said }, 'Job done']
      : ['error', { job, took: Math.round(took), error }, 'Job failed'],
  alert: ({ name, about, severity, summary, state }) => [
    'warn',
    { alert: name, about, severity, summary },
    state === 'firing' ? 'Alert firing' : 'Alert resolved',
  ],
  delivery: ({ owner, wasOwner, reasons }) =>
    owner === wasOwner
      ? ['debug', { owner, reasons }, 'The reasons for the delivery of alerts have changed']
      : ['warn', { owner, wasOwner, reasons }, 'The delivery of alerts has changed hands'],
  notified: (event) => {
    const { channel, reason, detail } = event;
    return event.result === 'failed' ? ['error', { channel, reason, detail }, 'Cannot notify'] : routine();
  },
  condition: (event) =>
    event.message === null
      ? routine()
      : [
          'warn',
          { server: event.server, condition: event.condition, message: event.message },
          'Remark on a server',
        ],
  orphans: routine,
  scraped: routine,
  engine: routine,
  acted: ({ about, action, by, detail }) => ['info', { server: about, action, by, detail }, 'Somebody acted'],
  health: routine,
  probed: routine,
  sampled: routine,
  exchanged: () => null,
  'client-refused': routine,
  'tools-changed': ({ server, changes, byUpdate }) =>
    byUpdate !== undefined
      ? ['info', { server, version: byUpdate, changes }, 'The update changed definitions of tools']
      : changes.length === 0
        ? ['info', { server }, 'What the server says of its tools is as it was, or approved']
        : ['warn', { server, changes }, 'The server says something else of its tools than before'],
  ticked: routine,
  evaluated: routine,
  recorded: routine,
  'install-progress': routine,
};

function ofOutlook(event: EventOf<'update-checked'>): Line | typeof ROUTINE {
  const { server, running, candidate, error } = event.outlook;
  if (error !== null) return ['warn', { server, error }, 'Cannot check for updates'];
  return candidate === null ? routine() : ['info', { server, running, candidate }, 'Update available'];
}

function ofTransition({ server, to, from, cause, nextAttemptAt }: EventOf<'transition'>): Line | null {
  if (to.phase === 'crash_looping')
    return [
      'error',
      { server, attempt: to.run, nextAttemptAt },
      'Server gave up: too many failures in too short a time',
    ];
  if (to.phase === 'needs_attention')
    return [
      'error',
      { server, attempt: to.run, nextAttemptAt },
      'Server needs attention: only a person can cure it',
    ];
  if (to.phase === 'stopping' && to.repeats === 1)
    return ['error', { server }, 'Server cannot be stopped: the system does not end its processes'];
  if (from.phase === to.phase) return null;
  const delay = 'delay' in to ? to.delay : undefined;
  return ['info', { server, from: from.phase, to: to.phase, cause, delay }, 'Server changed state'];
}

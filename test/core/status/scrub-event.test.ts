// Secrets in any text of any event are removed; texts that readers compare stay.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../../src/core/base/text.ts';
import type { EventKind, EventOf, WatchdogEvent } from '../../../src/core/model/events.ts';
import type { LifecycleState } from '../../../src/core/model/lifecycle-state.ts';
import { scrubEvent } from '../../../src/core/status/scrub-event.ts';
import { specOf } from '../../fakes/spec.ts';
import { HEALTHY } from '../../fakes/stage.ts';
import { memoryOf, outlookOf, progressOf, ROLLED_BACK } from '../../fakes/updates.ts';

const server = 'files';
const common = { wanted: 'up', run: 1, failures: [], attempt: 0, halfOpen: false } as const;
const stopping = {
  ...common,
  cause: { reason: 'exit', detail: 'text' },
  phase: 'stopping',
  step: 0,
  deadline: 1,
  leadsTo: 'retry',
  repeats: 0,
  wasReady: true,
} satisfies LifecycleState;
const stopped = {
  ...common,
  cause: { reason: 'signal', detail: 'text' },
  phase: 'stopped',
  because: 'asked',
} satisfies LifecycleState;
const spec = specOf({
  url: 'http://x/text',
  args: ['text'],
  cwd: '/text',
  env: { TEXT: 'text' },
  headers: { text: 'text' },
  dependsOn: ['other'],
  probe: { url: 'http://x/text', command: ['text'] },
});
const alert = {
  kind: 'alert',
  name: 'McpServerDown',
  about: server,
  severity: 'critical',
  state: 'firing',
  summary: 'text',
  labels: { server },
  annotations: { summary: 'text' },
} as const;

type Body<Kind extends EventKind> = Omit<EventOf<Kind>, 'at'>;

/** Events with every text that they can have, at least one of each kind. */
const EVENTS: { readonly [Kind in EventKind]: readonly Body<Kind>[] } = {
  'server-added': [{ kind: 'server-added', server, spec }],
  'server-changed': [{ kind: 'server-changed', server, spec }],
  'server-removed': [{ kind: 'server-removed', server }],
  gateway: [{ kind: 'gateway', url: 'http://127.0.0.1:9639', troubles: [{ message: 'text', hint: 'text' }] }],
  exchanged: [
    {
      kind: 'exchanged',
      server,
      operations: [
        {
          method: 'tools/call',
          tool: 'text',
          error: '',
          channel: 'tcp',
          took: [1],
          exemplar: { traceId: 'text', spanId: 'text', took: 1 },
        },
      ],
      retried: 0,
      waited: 0,
      cutOff: 0,
      load: { sessions: 1, streams: 0, inFlight: 0, queued: 0 },
    },
  ],
  'tools-changed': [
    { kind: 'tools-changed', server, changes: [{ tool: 'text', parts: ['title'] }], byUpdate: 'text' },
  ],
  'client-refused': [{ kind: 'client-refused', reason: 'host' }],
  transition: [
    {
      kind: 'transition',
      server,
      from: stopping,
      to: stopped,
      cause: 'text',
      nextAttemptAt: null,
      budgetRemaining: 1,
    },
    {
      kind: 'transition',
      server,
      from: stopped,
      to: stopping,
      cause: 'text',
      nextAttemptAt: null,
      budgetRemaining: 1,
    },
  ],
  spawned: [{ kind: 'spawned', server, run: 1, pid: 2, version: 'text' }],
  exited: [{ kind: 'exited', server, run: 1, code: null, signal: 'SIGKILL', lastLines: ['text', 'text'] }],
  restarted: [{ kind: 'restarted', server, reason: 'probe', detail: 'text' }],
  'start-failed': [
    {
      kind: 'start-failed',
      server,
      failure: { code: 'SPAWN_FAILED', message: 'text', hint: 'text', retry: 'backoff' },
    },
  ],
  'install-progress': [{ kind: 'install-progress', server, line: 'text' }],
  installed: [{ kind: 'installed', server, package: 'text', version: 'text', took: 1 }],
  'using-installed': [{ kind: 'using-installed', server, version: 'text', why: 'text' }],
  handshake: [
    {
      kind: 'handshake',
      server,
      run: 1,
      handshake: { era: 'legacy', protocolVersion: 'text', serverName: 'text', serverVersion: 'text' },
    },
  ],
  probed: [
    { kind: 'probed', server, probe: 'ping', result: { outcome: 'passed', took: 1 } },
    {
      kind: 'probed',
      server,
      probe: 'ping',
      result: { outcome: 'failed', took: 1, reason: 'protocol', detail: 'text' },
    },
    { kind: 'probed', server, probe: 'ping', result: { outcome: 'inconclusive', detail: 'text' } },
  ],
  condition: [{ kind: 'condition', server, condition: 'framing', message: 'text' }],
  health: [{ kind: 'health', server, health: { ...HEALTHY, detail: 'text' } }],
  sampled: [
    {
      kind: 'sampled',
      server,
      usage: {
        cpuSeconds: 1,
        cpuCores: null,
        residentBytes: 1,
        footprintBytes: null,
        proportionalBytes: null,
        processes: 1,
        threads: null,
        openFds: null,
      },
    },
  ],
  limit: [{ kind: 'limit', server, resource: 'memory', level: 'hard', value: 2, limit: 1 }],
  'log-dropped': [{ kind: 'log-dropped', server, lines: 1, bytes: 1 }],
  collected: [{ kind: 'collected', collector: 'process_table', took: 1, error: 'text' }],
  ticked: [{ kind: 'ticked' }],
  gap: [{ kind: 'gap', cause: 'sleep', duration: 1 }],
  brake: [{ kind: 'brake', failing: 1, watched: 1 }],
  'config-loaded': [{ kind: 'config-loaded', path: '/config.yaml', ok: false, error: 'text' }],
  waiting: [{ kind: 'waiting', server, on: ['other'] }],
  listening: [{ kind: 'listening', url: 'http://127.0.0.1:1' }],
  'state-persist-failed': [{ kind: 'state-persist-failed', error: 'text', isNew: true }],
  'state-persisted': [{ kind: 'state-persisted' }],
  reaped: [{ kind: 'reaped', server, pid: 1, why: 'text' }],
  orphans: [{ kind: 'orphans', found: 1 }],
  'orphan-reaped': [{ kind: 'orphan-reaped', pid: 1, command: 'text' }],
  job: [{ kind: 'job', job: 'backup', took: 1, said: 'text', error: 'text' }],
  'update-checked': [
    {
      kind: 'update-checked',
      server,
      outlook: outlookOf({ held: [{ version: 'text', reason: 'bad', detail: 'text' }], error: 'text' }),
    },
  ],
  'update-moved': [{ kind: 'update-moved', server, progress: progressOf({ detail: 'text' }) }],
  'update-settled': [
    {
      kind: 'update-settled',
      server,
      memory: memoryOf({
        previous: 'text',
        pinned: 'text',
        chosen: { wish: 'text', version: 'text' },
        bad: [{ version: 'text', reason: 'text', at: 1 }],
        last: { ...ROLLED_BACK, reason: 'text' },
      }),
      isNews: true,
    },
  ],
  scraped: [{ kind: 'scraped', by: 'text', host: 'text' }],
  recorded: [{ kind: 'recorded', size: { seconds: 1, bytes: 2, series: 3 } }],
  evaluated: [
    { kind: 'evaluated', took: 1, failed: 0, alerts: [{ name: 'McpServerDown', pending: 0, firing: 1 }] },
  ],
  alert: [alert, { ...alert, about: null }],
  delivery: [{ kind: 'delivery', owner: 'us', wasOwner: 'engine', reasons: ['text', 'text'] }],
  engine: [{ kind: 'engine', engine: 'prometheus', isReachable: true, isHeardNow: true }],
  acted: [{ kind: 'acted', about: 'files', action: 'stop', by: 'text', detail: 'text' }],
  notified: [
    { kind: 'notified', channel: 'webhook', result: 'failed', reason: 'timeout', detail: 'text', count: 1 },
  ],
};

/** Texts in which a secret survives: closed lists, names and addresses of our own, which readers compare. */
const SURVIVES: { readonly [Kind in EventKind]?: readonly string[] } = {
  condition: ['condition'],
  exchanged: [
    'operations.channel',
    'operations.error',
    'operations.exemplar.spanId',
    'operations.exemplar.traceId',
    'operations.method',
  ],
  'tools-changed': ['changes.parts'],
  'client-refused': ['reason'],
  'server-added': [
    'spec.dependsOn',
    'spec.name',
    'spec.probe.kind',
    'spec.probe.onFailure',
    'spec.restart.policy',
    'spec.source.kind',
    'spec.transport',
    'spec.update.policy',
  ],
  'server-changed': [
    'spec.dependsOn',
    'spec.name',
    'spec.probe.kind',
    'spec.probe.onFailure',
    'spec.restart.policy',
    'spec.source.kind',
    'spec.transport',
    'spec.update.policy',
  ],
  transition: [
    'from.because',
    'from.cause.reason',
    'from.leadsTo',
    'from.phase',
    'from.wanted',
    'to.because',
    'to.cause.reason',
    'to.leadsTo',
    'to.phase',
    'to.wanted',
  ],
  exited: ['signal'],
  restarted: ['reason'],
  'start-failed': ['failure.code', 'failure.retry'],
  handshake: ['handshake.era'],
  probed: ['probe', 'result.outcome', 'result.reason'],
  limit: ['level', 'resource'],
  collected: ['collector'],
  gap: ['cause'],
  'config-loaded': ['path'],
  waiting: ['on'],
  listening: ['url'],
  job: ['job'],
  'update-checked': ['outlook.held.reason', 'outlook.server'],
  'update-moved': ['progress.by', 'progress.phase'],
  'update-settled': ['memory.last.result'],
  evaluated: ['alerts.name'],
  recorded: [],
  alert: ['about', 'labels.server', 'name', 'severity', 'state'],
  delivery: ['owner', 'wasOwner'],
  engine: ['engine'],
  acted: ['about', 'action'],
  notified: ['channel', 'reason', 'result'],
};

const ALL = Object.values(EVENTS).flat();
const KINDS = [...new Set(ALL.map(({ kind }) => kind))];
const PLANTED = 'key tooth-fairy!';

/** The event with the secret in every text, except its kind and the name of its server. */
function planted(body: object, kind: EventKind): WatchdogEvent {
  const texts: object = JSON.parse(JSON.stringify(body), (_, value: unknown) =>
    typeof value === 'string' ? PLANTED : value,
  );
  return JSON.parse(JSON.stringify({ ...texts, kind, server, at: 1 }));
}

function leavesWith(value: unknown, text: string, path = ''): string[] {
  if (typeof value === 'string') return value.includes(text) ? [path] : [];
  if (Array.isArray(value)) return value.flatMap((one) => leavesWith(one, text, path));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    leavesWith(inner, text, path === '' ? key : `${path}.${key}`),
  );
}

describe('scrubEvent()', () => {
  it.each(KINDS)('takes a secret out of every text of %s that others may have written', (kind) => {
    const { scrub } = createRedactor(['tooth-fairy']);
    const left = EVENTS[kind].flatMap((body) =>
      leavesWith(scrubEvent(planted(body, kind), scrub), 'tooth-fairy'),
    );
    expect([...new Set(left)].sort()).toEqual(SURVIVES[kind] ?? []);
  });

  it('changes nothing without a secret, and nothing that is compared with one', () => {
    const word = fc.constantFrom(...KINDS, server, 'probe', 'SPAWN_FAILED', '1.0.0');
    fc.assert(
      fc.property(word, fc.constantFrom(...ALL), (secret, body) => {
        const event: WatchdogEvent = { at: 12_345_678, ...body };
        expect(scrubEvent(event, createRedactor([secret, '12345678']).scrub)).toEqual(event);
        expect(scrubEvent(event, (text) => text)).toBe(event);
      }),
    );
  });
});

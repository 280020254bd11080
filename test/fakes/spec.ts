// A complete server as tests need it: everything has the default that the config gives, parts are replaced.
import type { ProbePolicy } from '../../src/core/model/probe-policy.ts';
import type { ProbeKindName } from '../../src/core/model/vocabulary.ts';
import type { ServerSpec } from '../../src/core/model/server-spec.ts';

type Deep<T> = {
  readonly [K in keyof T]?: T[K] extends readonly unknown[] ? T[K] : T[K] extends object ? Deep<T[K]> : T[K];
};

export const DEFAULT_SPEC: ServerSpec = {
  name: 'server',
  source: { kind: 'command', command: ['true'] },
  transport: 'stdio',
  url: null,
  enabled: true,
  args: [],
  env: {},
  headers: {},
  cwd: null,
  dependsOn: [],
  restart: {
    policy: 'always',
    initialDelay: 500,
    maxDelay: 60_000,
    jitter: 0.2,
    stableAfter: 60_000,
    budget: [
      { restarts: 5, within: 300_000 },
      { restarts: 10, within: 3_600_000 },
    ],
    retryAfter: 300_000,
    successExitCodes: [0],
    watch: [],
    at: null,
    preventExitCodes: [],
  },
  start: { timeout: 30_000, when: 'login' },
  idle: { stopAfter: null },
  stop: { grace: 5000 },
  probe: {
    kind: 'mcp',
    interval: 15_000,
    timeout: 5000,
    failures: 3,
    successes: 1,
    deepEvery: 4,
    initialDelay: 0,
    onFailure: 'restart',
  },
  expect: { tools: null, call: null },
  limits: { memory: { soft: null, hard: null }, cpu: { soft: null, hard: null, for: 300_000 }, nice: 0 },
  update: {
    policy: 'notify',
    range: '*',
    minimumAge: 259_200_000,
    allowScripts: false,
    ignoreEngines: false,
    allowGit: false,
    strictTools: false,
    probation: 600_000,
  },
  logs: { maxSize: 10_485_760, keep: 5 },
  gateway: {
    mode: 'shared',
    maxInstances: 4,
    capabilities: [],
    tools: { allow: ['*'], deny: [], readOnly: false },
    retry: { mode: 'safe', allow: [], deny: [] },
    queue: { length: 256, patience: 30_000 },
    busyGrace: 120_000,
    spare: false,
  },
};

/** `changes` laid over the defaults, section by section. */
export function specOf(
  changes: Partial<Omit<ServerSpec, 'restart' | 'start' | 'stop' | 'probe' | 'limits'>> &
    Pick<Deep<ServerSpec>, 'restart' | 'start' | 'stop' | 'limits'> & { readonly probe?: ProbeChanges } = {},
): ServerSpec {
  return {
    ...DEFAULT_SPEC,
    ...changes,
    restart: { ...DEFAULT_SPEC.restart, ...changes.restart },
    start: { ...DEFAULT_SPEC.start, ...changes.start },
    stop: { ...DEFAULT_SPEC.stop, ...changes.stop },
    probe: probeOf(changes.probe),
    limits: {
      memory: { ...DEFAULT_SPEC.limits.memory, ...changes.limits?.memory },
      cpu: { ...DEFAULT_SPEC.limits.cpu, ...changes.limits?.cpu },
      nice: changes.limits?.nice ?? DEFAULT_SPEC.limits.nice,
    },
  };
}

/** Settings of any kind; those that the kind does not have are left out. */
export type ProbeChanges = Partial<Omit<ProbePolicy<'http'>, 'kind'> & Omit<ProbePolicy<'exec'>, 'kind'>> & {
  readonly kind?: ProbeKindName;
};

function probeOf({ kind = 'mcp', url, expectStatus, command, ...schedule }: ProbeChanges = {}): ProbePolicy {
  const shared = { ...DEFAULT_SPEC.probe, ...schedule };
  switch (kind) {
    case 'mcp':
      return { ...shared, kind };
    case 'http':
      return { ...shared, kind, url: url ?? null, expectStatus: expectStatus ?? [200] };
    case 'exec':
      return { ...shared, kind, command: command ?? [] };
    default:
      return kind satisfies never;
  }
}

// A complete server as tests need it: everything has the default that the config gives, parts are replaced.
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
    preventExitCodes: [],
  },
  start: { timeout: 30_000 },
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
    url: null,
    expectStatus: [200],
    command: [],
  },
  limits: { memory: { soft: null, hard: null }, cpu: { soft: null, hard: null, for: 300_000 }, nice: 0 },
  update: {
    policy: 'notify',
    range: '*',
    minimumAge: 259_200_000,
    allowScripts: false,
    strictTools: false,
    probation: 600_000,
  },
  logs: { maxSize: 10_485_760, keep: 5 },
};

/** `changes` laid over the defaults, section by section. */
export function specOf(
  changes: Partial<Omit<ServerSpec, 'restart' | 'start' | 'stop' | 'probe' | 'limits'>> &
    Pick<Deep<ServerSpec>, 'restart' | 'start' | 'stop' | 'probe' | 'limits'> = {},
): ServerSpec {
  return {
    ...DEFAULT_SPEC,
    ...changes,
    restart: { ...DEFAULT_SPEC.restart, ...changes.restart },
    start: { ...DEFAULT_SPEC.start, ...changes.start },
    stop: { ...DEFAULT_SPEC.stop, ...changes.stop },
    probe: { ...DEFAULT_SPEC.probe, ...changes.probe },
    limits: {
      memory: { ...DEFAULT_SPEC.limits.memory, ...changes.limits?.memory },
      cpu: { ...DEFAULT_SPEC.limits.cpu, ...changes.limits?.cpu },
      nice: changes.limits?.nice ?? DEFAULT_SPEC.limits.nice,
    },
  };
}

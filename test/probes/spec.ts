// A server spec for probe tests: everything that does not matter here, once.
import type { ProbePolicy, ServerSpec } from '../../src/core/server.ts';

export function specOf(
  overrides: Partial<Omit<ServerSpec, 'probe'>> & { probe?: Partial<ProbePolicy> } = {},
): ServerSpec {
  return {
    name: 'one',
    source: { kind: 'command', command: ['node'] },
    transport: 'stdio',
    url: null,
    headers: {},
    enabled: true,
    args: [],
    env: {},
    cwd: null,
    dependsOn: [],
    restart: {
      policy: 'always',
      initialDelay: 500,
      maxDelay: 60_000,
      jitter: 0.2,
      stableAfter: 60_000,
      budget: [{ restarts: 5, within: 300_000 }],
      retryAfter: 300_000,
      successExitCodes: [],
      preventExitCodes: [],
    },
    start: { timeout: 30_000 },
    stop: { grace: 5_000 },
    limits: { memory: { soft: null, hard: null }, cpu: { soft: null, hard: null, for: 300_000 }, nice: 0 },
    update: { policy: 'off', range: '*', minimumAge: 0, allowScripts: false },
    logs: { maxSize: 1024 * 1024, keep: 1 },
    ...overrides,
    probe: {
      kind: 'mcp',
      interval: 15_000,
      timeout: 5_000,
      failures: 3,
      successes: 1,
      deepEvery: 4,
      initialDelay: 0,
      onFailure: 'restart',
      url: null,
      expectStatus: [],
      command: [],
      ...overrides.probe,
    },
  };
}

import { describe, expect, it } from 'vitest';
import type { ServerSpec } from '../../src/core/model/server-spec.ts';
import { diffServers, diffSettings } from '../../src/config/diff.ts';
import { DEFAULT_SPEC } from '../fakes/spec.ts';
import { read } from './temporary.ts';

function servers(text: string) {
  return read(`servers: ${text}`).servers;
}

describe('diffServers()', () => {
  it('finds nothing in what only looks different', () => {
    const before = servers('{a: {package: p, env: {A: "1", B: "2"}, probe: {interval: 60s}}}');
    const after = servers('{a: {probe: {interval: 1m}, env: {B: "2", A: "1"}, version: latest, package: p}}');
    expect(diffServers(before, after)).toEqual({
      added: [],
      removed: [],
      changed: [],
      renamed: [],
    });
  });

  it('tells a renamed server as one removed and one added', () => {
    expect(
      diffServers(
        servers('{a: {package: p}, b: {package: q}}'),
        servers('{c: {package: p}, b: {package: q}}'),
      ),
    ).toEqual({
      added: ['c'],
      removed: ['a'],
      changed: [],
      renamed: [{ from: 'a', to: 'c' }],
    });
  });

  it('gives each old name to at most one new one, and none to a server that differs', () => {
    const before = servers('{a: {package: p}, b: {package: q}}');
    const after = servers('{c: {package: p}, d: {package: p}, e: {package: q, args: [x]}}');
    expect(diffServers(before, after).renamed).toEqual([{ from: 'a', to: 'c' }]);
  });

  it.each([
    ['probe: {interval: 1s}', ['probe.interval'], []],
    ['limits: {memory: {soft: 1MiB}}', ['limits.memory'], []],
    ['limits: {nice: 5}', [], ['limits.nice']],
    ['restart: {policy: never, budget: []}', ['restart.policy', 'restart.budget'], []],
    ['stop: {grace: 9s}', ['stop.grace'], []],
    ['logs: {keep: 1}', ['logs.keep'], []],
    ['env: {A: "1"}', [], ['env']],
    ['args: [x]', [], ['args']],
    ['version: "2"', [], ['source']],
    ['cwd: /w', [], ['cwd']],
    ['enabled: false', [], ['enabled']],
    ['transport: http, url: "http://x/", probe: {timeout: 1s}', ['probe.timeout'], ['transport', 'url']],
  ])('sorts the change %s', (change, liveFields, restartFields) => {
    const changed = diffServers(
      servers('{a: {package: p}, b: {package: q}}'),
      servers(`{a: {package: p, ${change}}, b: {package: q}}`),
    ).changed;
    expect(changed).toHaveLength(1);
    expect(changed[0]?.name).toBe('a');
    expect(new Set(changed[0]?.liveFields)).toEqual(new Set(liveFields));
    expect(new Set(changed[0]?.restartFields)).toEqual(new Set(restartFields));
  });

  it('never tells a value', () => {
    const secret = 'sk-0123456789abcdef';
    const diff = diffServers(
      servers('{a: {package: p}}'),
      servers(`{a: {package: p, env: {API_KEY: ${secret}}}}`),
    );
    expect(JSON.stringify(diff)).not.toContain(secret);
  });
});

/** One change of each field, and whether a living process can take it over. */
const CHANGES = {
  name: null,
  source: { to: { kind: 'command', command: ['true', 'x'] }, live: false },
  transport: { to: 'http', live: false },
  url: { to: 'http://127.0.0.1:1/mcp', live: false },
  headers: { to: { authorization: 'x' }, live: false },
  enabled: { to: false, live: false },
  args: { to: ['x'], live: false },
  env: { to: { A: '1' }, live: false },
  cwd: { to: '/', live: false },
  dependsOn: { to: ['other'], live: true },
  restart: { to: { ...DEFAULT_SPEC.restart, maxDelay: 1 }, live: true },
  start: { to: { timeout: 1, when: 'login' }, live: true },
  idle: { to: { stopAfter: 60_000 }, live: true },
  stop: { to: { grace: 1 }, live: true },
  probe: { to: { ...DEFAULT_SPEC.probe, interval: 1 }, live: true },
  expect: { to: { tools: ['search'], call: null }, live: true },
  limits: { to: { ...DEFAULT_SPEC.limits, nice: 1 }, live: false },
  update: { to: { ...DEFAULT_SPEC.update, policy: 'auto' }, live: true },
  logs: { to: { maxSize: 1, keep: 1 }, live: true },
  gateway: { to: { ...DEFAULT_SPEC.gateway, spare: true }, live: true },
} as const satisfies {
  readonly [Field in keyof ServerSpec]: { readonly to: ServerSpec[Field]; readonly live: boolean } | null;
};

describe('every field of a server', () => {
  const rows = Object.entries(CHANGES).flatMap(([field, change]) =>
    change === null ? [] : [{ field, ...change }],
  );
  it.each(rows)('$field: live is $live', ({ field, to, live }) => {
    const [change] = diffServers([DEFAULT_SPEC], [{ ...DEFAULT_SPEC, [field]: to }]).changed;
    const told = { live: change?.liveFields, restart: change?.restartFields };
    const [path = ''] = (live ? told.live : told.restart) ?? [];
    expect(path.split('.')[0]).toBe(field);
    expect(live ? told.restart : told.live).toEqual([]);
  });

  it('how clients share a server needs a new process', () => {
    const gateway = { ...DEFAULT_SPEC.gateway, mode: 'per-session' as const, maxInstances: 2 };
    expect(diffServers([DEFAULT_SPEC], [{ ...DEFAULT_SPEC, gateway }]).changed).toEqual([
      { name: 'server', liveFields: ['gateway.maxInstances'], restartFields: ['gateway.mode'] },
    ]);
  });

  it('of limits only the one that the system keeps needs a new process', () => {
    const { memory, cpu } = DEFAULT_SPEC.limits;
    const limits = { memory: { ...memory, soft: 1 }, cpu: { ...cpu, hard: 1 }, nice: 0 };
    expect(diffServers([DEFAULT_SPEC], [{ ...DEFAULT_SPEC, limits }]).changed).toEqual([
      { name: 'server', liveFields: ['limits.memory', 'limits.cpu'], restartFields: [] },
    ]);
  });
});

describe('diffSettings()', () => {
  const settings = (text: string) => read(`{servers: {a: {package: p}}, ${text}}`).config;

  it.each([
    ['sampling: {interval: 20s}', ['sampling.interval'], []],
    ['orphans: {reap: true, patterns: [a]}', ['orphans.reap', 'orphans.patterns'], []],
    ['schedule: {cleanup: null, backup: "1 1 * * *"}', ['schedule.cleanup', 'schedule.backup'], []],
    ['alerts: {notify: []}', ['alerts.notify'], []],
    ['metrics: {listen: "127.0.0.1:1"}', [], ['metrics.listen']],
    ['metrics: {allowedHosts: [a.example]}', [], ['metrics.allowedHosts']],
    ['gateway: {listen: "127.0.0.1:2", timeout: 1m}', ['gateway.listen', 'gateway.timeout'], []],
    ['alerts: {evaluateEvery: 1m, repeatEvery: 1h}', ['alerts.evaluateEvery', 'alerts.repeatEvery'], []],
    ['alerts: {prometheusVersion: 2}', ['alerts.prometheusVersion'], []],
    ['alerts: {builtIn: false}', ['alerts.rules', 'alerts.builtIn'], []],
    ['sampling: {interval: 15s}', [], []],
  ])('%s', (change, live, nextStart) => {
    expect(diffSettings(settings('metrics: {}'), settings(change))).toEqual({ live, nextStart });
  });

  it('takes another webConfigFile for a setting of the next start', () => {
    const before = settings('metrics: {}');
    const after = { ...before, metrics: { ...before.metrics, webConfigFile: '/web.yaml' } };
    expect(diffSettings(before, after)).toEqual({ live: [], nextStart: ['metrics.webConfigFile'] });
  });
});

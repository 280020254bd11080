import { describe, expect, it } from 'vitest';
import { diffServers } from '../../src/config/diff.ts';
import { read } from './temporary.ts';

function servers(text: string) {
  return read(`servers: ${text}`).servers;
}

describe('diffServers()', () => {
  it('finds nothing in what only looks different', () => {
    const before = servers('{a: {package: p, env: {A: "1", B: "2"}, probe: {interval: 60s}}}');
    const after = servers('{a: {probe: {interval: 1m}, env: {B: "2", A: "1"}, version: latest, package: p}}');
    expect(diffServers(before, after)).toEqual({ added: [], removed: [], changed: [] });
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
    });
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

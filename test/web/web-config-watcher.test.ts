import { chmodSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import type { WebConfig } from '../../src/core/model/web-config.ts';
import { watchWebConfig, type WebConfigResult } from '../../src/web/web-config-watcher.ts';
import { FakeClock } from '../fakes/clock.ts';

const TLS: NonNullable<WebConfig['tls']> = {
  cert: 'cert',
  key: 'key',
  clientCa: null,
  clientAuth: 'NoClientCert',
  clientSans: null,
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  ciphers: null,
  curves: null,
  prefersOwnOrder: true,
};

const faults: unknown[] = [];
afterEach(() => faults.splice(0));

async function open({ isOpen = false, first = {} }: { isOpen?: boolean; first?: Partial<WebConfig> } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'mcpw-web-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'web.yml');
  writeFileSync(path, '');
  const clock = new FakeClock();
  const base: WebConfig = {
    tls: null,
    users: { ada: 'a' },
    headers: {},
    rateLimit: null,
    files: [path],
    warnings: [],
    ...first,
  };
  const changes: WebConfig[] = [];
  let answer: WebConfigResult = { config: base };
  let failure: Error | null = null;
  let readings = 0;
  const keeper = await watchWebConfig({
    read: async () => {
      readings += 1;
      if (failure !== null) throw failure;
      return answer;
    },
    clock,
    isOpen,
    onFault: (error) => faults.push(error),
    onChange: (config) => changes.push(config),
  });
  let writes = 0;
  return {
    keeper,
    changes,
    path,
    readings: () => readings,
    touch: () => utimesSync(path, new Date(), new Date((writes += 1) * 1000)),
    answer: (next: WebConfigResult) => (answer = next),
    fail: (error: Error) => (failure = error),
    config: (change: Partial<WebConfig>) => (answer = { config: { ...base, ...change } }),
    later: async () => {
      clock.elapsed += 1000;
      return await keeper.refresh();
    },
  };
}

describe('look()', () => {
  test('reads nothing again that has not changed, nor within a second', async () => {
    const { keeper, later, touch, readings } = await open();
    await later();
    touch();
    await keeper.refresh();
    expect(readings()).toBe(1);
    await later();
    await later();
    expect(readings()).toBe(2);
  });

  test('waits for what changed, and tells who listens', async () => {
    const { later, touch, config, changes, keeper } = await open();
    const heard: WebConfig[] = [];
    const stop = keeper.onChange((next) => heard.push(next));
    config({ users: { eve: 'e' } });
    touch();
    expect((await later()).users).toEqual({ eve: 'e' });
    expect(keeper.current.users).toEqual({ eve: 'e' });
    stop();
    config({ users: {} });
    touch();
    await later();
    expect([changes.length, heard.length]).toEqual([2, 1]);
  });

  test('is not moved by a file that says the same', async () => {
    const { later, touch, changes } = await open();
    touch();
    await later();
    expect(changes).toEqual([]);
  });

  test('keeps what it has when the file is broken, says so once, and takes the mended one', async () => {
    const { later, touch, answer, config, path, keeper } = await open();
    answer({ error: new Error('broken'), files: [path, `${path}.missing`] });
    touch();
    expect((await later()).users).toEqual({ ada: 'a' });
    await later();
    expect(faults).toEqual([new Error('broken')]);
    config({ users: { eve: 'e' } });
    // What was missing is what mends it.
    writeFileSync(`${path}.missing`, '');
    await later();
    expect(keeper.current.users).toEqual({ eve: 'e' });
  });

  test.each<[string, Partial<WebConfig>, Partial<WebConfig>]>([
    ['TLS that begins', { tls: null }, { tls: TLS }],
    ['TLS that ends', { tls: TLS }, { tls: null }],
    ['asking for certificates', { tls: TLS }, { tls: { ...TLS, clientAuth: 'RequestClientCert' } }],
  ])('leaves %s to the next start', async (_, first, next) => {
    const { later, touch, config, keeper } = await open({ first });
    config(next);
    touch();
    await later();
    expect(keeper.current.tls).toEqual(first.tls);
    expect(String(faults[0])).toContain('counts from the next start');
  });

  test('keeps what it has, and the daemon, where a file can no longer be looked at', async () => {
    const { later, path, answer, readings } = await open();
    rmSync(path);
    symlinkSync(path, path);
    answer({ error: new Error('its path goes round in a circle'), files: [path] });
    expect((await later()).users).toEqual({ ada: 'a' });
    expect(readings()).toBe(2);
    expect(faults).toHaveLength(1);
  });

  test('reads again what somebody else may write now', async () => {
    const { later, path, readings } = await open();
    chmodSync(path, 0o666);
    await later();
    expect(readings()).toBe(2);
  });

  test('keeps what it has when reading fails in a way that nobody thought of', async () => {
    const { later, touch, fail } = await open();
    fail(new Error('spawn ENOMEM'));
    touch();
    expect((await later()).users).toEqual({ ada: 'a' });
    expect(faults).toEqual([new Error('spawn ENOMEM')]);
  });

  test('never takes users or TLS away from what the network can reach', async () => {
    const { later, touch, config, keeper } = await open({ isOpen: true, first: { tls: TLS } });
    config({ tls: TLS, users: {} });
    touch();
    await later();
    expect(keeper.current.users).toEqual({ ada: 'a' });
    expect(String(faults[0])).toContain('without basic_auth_users nobody in the network may be let in');
  });
});

test('a file that is broken from the start is an error', async () => {
  const opening = watchWebConfig({
    read: async () => ({ error: new Error('broken'), files: [] }),
    clock: new FakeClock(),
    isOpen: false,
    onFault: () => {},
    onChange: () => {},
  });
  await expect(opening).rejects.toThrow('broken');
});

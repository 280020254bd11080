import { describe, expect, onTestFinished, test } from 'vitest';
import { openServiceManagerLink, formatStatusLine } from '../../../src/daemon/front/service-manager.ts';
import type { Status } from '../../../src/core/model/status.ts';
import { createBus } from '../../../src/system/bus.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { DOWN, serverStatus, status } from '../../fakes/status.ts';
import { fakeSystemdNotify } from '../../fakes/systemd-notify.ts';
import { waitFor } from '../../fakes/wait-for.ts';

const quiet = (): void => {};
const log = { trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet, fatal: quiet };

const well = serverStatus({ name: 'a' });
const down = serverStatus({ name: 'b', health: DOWN });

function link(watchdog?: string) {
  const fake = fakeSystemdNotify();
  const clock = new FakeClock();
  const bus = createBus(clock, () => {});
  const shown: { status: Status } = { status: status([]) };
  const environment: Record<string, string | undefined> = {
    PATH: fake.path,
    NOTIFY_SOCKET: '/nowhere',
    ...(watchdog === undefined ? {} : { WATCHDOG_USEC: watchdog, WATCHDOG_PID: String(process.pid) }),
  };
  const opened = openServiceManagerLink({ bus, log, status: () => shown.status, environment, clock });
  onTestFinished(() => opened.close());
  const told = (count: number): Promise<string[][]> =>
    waitFor(() => fake.told().length >= count && fake.told(), { what: `${count} notices` });
  return { fake, clock, bus, shown, opened, told };
}

const loaded = (ok: boolean) =>
  ({ kind: 'config-loaded', path: 'c', ok, error: ok ? null : 'no such key' }) as const;

describe('under systemd', () => {
  test('READY is said once the config was taken over, and then how the servers are', async () => {
    const { fake, clock, bus, shown, told } = link();
    bus.publish({ kind: 'listening', url: 'http://x' });
    await clock.advance(5000);
    expect(fake.told()).toEqual([]);
    bus.publish(loaded(true));
    expect(await told(1)).toEqual([['READY=1', 'STATUS=starting']]);
    shown.status = status([well, down]);
    bus.publish({ kind: 'health', server: 'a', health: well.health });
    await clock.advance(1000);
    expect((await told(2))[1]).toEqual(['STATUS=1 of 2 healthy']);
  });

  test('a config that cannot be used is a reason to be ready as well', async () => {
    const { bus, shown, told } = link();
    const { daemon } = status([]);
    shown.status = {
      servers: [],
      daemon: { ...daemon, config: { ...daemon.config, ok: false, error: 'no\nkey' } },
    };
    bus.publish(loaded(false));
    expect(await told(1)).toEqual([['READY=1', String.raw`STATUS=config invalid: no\x0akey`]]);
    shown.status = status([well]);
    bus.publish(loaded(true));
    expect((await told(2))[1]).toEqual(['STATUS=1 of 1 healthy']);
  });

  test('many changes are told in one line, and none when the line is the same', async () => {
    const { fake, clock, bus, shown, told } = link();
    bus.publish(loaded(true));
    await told(1);
    shown.status = status([well]);
    for (let count = 0; count < 50; count += 1)
      bus.publish({ kind: 'health', server: 'a', health: well.health });
    await clock.advance(1000);
    await told(2);
    bus.publish({ kind: 'health', server: 'a', health: well.health });
    await clock.advance(10_000);
    expect(fake.told()).toHaveLength(2);
  });

  test('a sign of life is given at twice the pace that is asked for, and at once after a gap', async () => {
    const { fake, clock, bus, told } = link('60000000');
    await clock.advance(29_999);
    expect(fake.told()).toEqual([]);
    await clock.advance(1);
    await told(1);
    await clock.advance(30_000);
    expect(await told(2)).toEqual([['WATCHDOG=1'], ['WATCHDOG=1']]);
    bus.publish({ kind: 'gap', cause: 'sleep', duration: 50_000 });
    expect(await told(3)).toHaveLength(3);
  });

  test('none is given that nobody asked for', async () => {
    const { fake, clock } = link();
    await clock.advance(600_000);
    expect(fake.told()).toEqual([]);
  });

  test('a reload begins and ends, whatever comes of it', async () => {
    const { opened, told } = link();
    const reload = opened.reloading(async () => {
      await told(1);
      throw new Error('refused');
    });
    await expect(reload).rejects.toThrow('refused');
    expect(await told(2)).toEqual([['RELOADING=1'], ['READY=1']]);
  });

  test('the end is told with the time that it may take', async () => {
    const { opened, told } = link();
    opened.stopping(600_000);
    expect(await told(1)).toEqual([['STOPPING=1', 'STATUS=stopping', 'EXTEND_TIMEOUT_USEC=660000000']]);
  });
});

test('without a service manager nothing is done', async () => {
  const bus = createBus(new FakeClock(), () => {});
  const clock = new FakeClock();
  const opened = openServiceManagerLink({ bus, log, status: () => status([]), environment: {}, clock });
  bus.publish(loaded(true));
  opened.stopping(1);
  expect(await opened.reloading(() => Promise.resolve('done'))).toBe('done');
  expect(clock.pending).toBe(0);
  await opened.close();
});

describe('statusLine()', () => {
  const { daemon } = status([]);
  const refused = { ...daemon, config: { ...daemon.config, ok: false, error: 'line 3' } };
  test.each([
    [status([well, down]), '1 of 2 healthy'],
    [status([]), 'no servers configured'],
    [{ daemon: refused, servers: [well] }, '1 of 1 healthy; config invalid: line 3'],
    [{ daemon: refused, servers: [] }, 'config invalid: line 3'],
  ])('%#', (shown, line) => {
    expect(formatStatusLine(shown)).toBe(line);
  });
});

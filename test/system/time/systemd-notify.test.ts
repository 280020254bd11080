import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/system/time/clock.ts';
import { createSystemdNotifier, takeSystemdSettings } from '../../../src/system/time/systemd-notify.ts';
import { fakeSystemdNotify } from '../../fakes/systemd-notify.ts';

const SOCKET = '/run/user/1000/systemd/notify';

function notifyBy(path: string): { missing: string[]; notify: ReturnType<typeof createSystemdNotifier> } {
  const missing: string[] = [];
  const onMissing = (): void => void missing.push('missing');
  return { missing, notify: createSystemdNotifier({ socket: SOCKET, path, clock: systemClock, onMissing }) };
}

describe('takeSystemdSettings()', () => {
  test('takes what is for us, and leaves no trace of it for our children', () => {
    const env = {
      PATH: '/usr/bin',
      NOTIFY_SOCKET: SOCKET,
      WATCHDOG_USEC: '60000000',
      WATCHDOG_PID: String(process.pid),
    };
    expect(takeSystemdSettings(env)).toEqual({ socket: SOCKET, watchdog: 60_000, path: '/usr/bin' });
    expect(env).toEqual({ PATH: '/usr/bin' });
  });

  test('gives no signs of life that are asked of somebody else', () => {
    const env = { NOTIFY_SOCKET: SOCKET, WATCHDOG_USEC: '60000000', WATCHDOG_PID: '1' };
    expect(takeSystemdSettings(env)).toMatchObject({ watchdog: null });
  });

  test.each([
    [{}, null],
    [{ NOTIFY_SOCKET: '' }, null],
    [{ NOTIFY_SOCKET: SOCKET }, { watchdog: null }],
    [{ NOTIFY_SOCKET: SOCKET, WATCHDOG_USEC: 'soon' }, { watchdog: null }],
    [{ NOTIFY_SOCKET: SOCKET, WATCHDOG_USEC: '0' }, { watchdog: null }],
  ])('reads %j', (env, expected) => {
    const settings = takeSystemdSettings({ ...env });
    if (expected === null) expect(settings).toBeNull();
    else expect(settings).toMatchObject(expected);
  });
});

describe('createSystemdNotifier()', () => {
  test('tells each thing in words, by a program that knows nothing else of us', async () => {
    const fake = fakeSystemdNotify();
    const { notify } = notifyBy(fake.path);
    notify.notify({ READY: '1', STATUS: '3 of 4 healthy; $(id) "x"' });
    await notify.flush();
    expect(fake.told()).toEqual([['READY=1', 'STATUS=3 of 4 healthy; $(id) "x"']]);
    expect(fake.environment()).toContain(`NOTIFY_SOCKET=${SOCKET}`);
    expect(fake.environment()).not.toContain('HOME=');
  });

  test('merges what comes meanwhile, and is never there twice', async () => {
    const fake = fakeSystemdNotify(0.3);
    const { notify } = notifyBy(fake.path);
    notify.notify({ READY: '1' });
    for (let count = 0; count < 20; count += 1) notify.notify({ STATUS: `${count} of 20 healthy` });
    notify.notify({ WATCHDOG: '1' });
    await notify.flush();
    expect(fake.told()).toEqual([['READY=1'], ['STATUS=19 of 20 healthy', 'WATCHDOG=1']]);
    expect(fake.overlapped()).toBe(false);
  });

  test('keeps of several states the last', async () => {
    const fake = fakeSystemdNotify(0.2);
    const { notify } = notifyBy(fake.path);
    notify.notify({ READY: '1' });
    notify.notify({ RELOADING: '1' });
    notify.notify({ READY: '1', STATUS: 'a' });
    notify.notify({ STOPPING: '1' });
    await notify.flush();
    expect(fake.told()).toEqual([['READY=1'], ['STATUS=a', 'STOPPING=1']]);
  });

  test('says once that the program is missing, and goes on without it', async () => {
    const { notify, missing } = notifyBy('/nowhere');
    notify.notify({ READY: '1' });
    await notify.flush();
    notify.notify({ WATCHDOG: '1' });
    await notify.flush();
    expect(missing).toEqual(['missing']);
  });
});

// Choice of the service manager by platform.
import { expect, test } from 'vitest';
import { hasServiceManager, selectServiceManager } from '../../src/service/select-manager.ts';
import { FakeClock } from '../fakes/clock.ts';
import { memoryLaunchd } from '../fakes/launchd.ts';

function select(platform: string) {
  const { run } = memoryLaunchd();
  const user = { label: null, home: '/home/me/.mcp-watchdog', userHome: '/home/me', uid: 501, env: {} };
  return selectServiceManager({ ...user, run, clock: new FakeClock(), platform });
}

test.each([
  ['darwin', 'launchd', '/home/me/Library/LaunchAgents/com.mcp.daemon.plist'],
  ['linux', 'systemd', '/home/me/.config/systemd/user/mcp-watchdog.service'],
])('on %s it is %s', (platform, kind, file) => {
  expect(select(platform)).toMatchObject({ kind, file });
  expect(hasServiceManager(platform)).toBe(true);
});

test('elsewhere it says so, and what to do instead', () => {
  expect(hasServiceManager('freebsd')).toBe(false);
  expect(() => select('freebsd')).toThrow(
    expect.objectContaining({ code: 'SERVICE_FAILED', hint: expect.stringContaining('mcp-watchdog start') }),
  );
});

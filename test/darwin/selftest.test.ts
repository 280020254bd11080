// launchd/selftest.sh on the played Mac: it comes to its end, and its report can be pasted as it is.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { requireProgram } from '../fakes/require-program.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { canPlayMac, playMac, tell } from './mac.ts';
import { SHELLS } from './shells.ts';

/** Macs have 3.2. */
const BASH = SHELLS.find(({ name }) => name === 'bash 3.2')?.path ?? 'bash';
const SCRIPT = join(import.meta.dirname, '..', '..', 'launchd', 'selftest.sh');
/** Seconds: the played launchd waits half a second between two starts, and this machine may be busy. */
const QUICK = {
  MCP_WATCHDOG_SELFTEST_FROZEN: '2',
  MCP_WATCHDOG_SELFTEST_DOWN: '1',
  MCP_WATCHDOG_SELFTEST_SOON: '30',
};

/** Each test has a Mac of its own, and mostly waits. */
const BESIDE = { timeout: 600_000, concurrent: true };

describe.skipIf(!requireProgram('python3') || !canPlayMac())('selftest.sh', BESIDE, () => {
  test('confirms what README promises, and writes one report that can be pasted', async ({
    onTestFinished: atEnd,
  }) => {
    const mac = await playMac({ env: QUICK, atEnd });
    const { out } = await mac.run(BASH, SCRIPT, '--lan', '127.0.0.1:9');
    expect(out.match(/^not ok .*$/gmu)).toBeNull();
    const report = readFileSync(join(mac.userHome, 'mcp-watchdog-selftest.txt'), 'utf8');
    tell(report);
    const promises = report.slice(
      report.indexOf('## Promises of the README'),
      report.indexOf('## What is read'),
    );
    expect(promises.match(/^confirmed /gmu)).toHaveLength(13);
    expect(promises.match(/^not tried .*$/gmu)).toEqual([
      'not tried  Notifications appear on the desktop by default',
    ]);
    expect(promises).toMatch(/^# 0 failures, \d+ s$/mu);
    for (const sample of ['top -l 1', 'lsof -p SELF', 'launchctl print, killed'])
      expect(report).toContain(`$ ${sample}`);
    expect(report).not.toContain(mac.userHome);
    // It leaves nothing but its report, which is on the clipboard too.
    expect(readdirSync(mac.userHome).filter((name) => name.includes('selftest'))).toEqual([
      'mcp-watchdog-selftest.txt',
    ]);
    expect(readdirSync(join(mac.userHome, 'Library', 'LaunchAgents'))).toEqual([]);
    expect(mac.asked('pbcopy')).toHaveLength(1);
    const { out: rows } = await mac.run('ps', '-A', '-o', 'pid=,command=');
    expect(rows.split('\n').filter((line) => /cli\.js|selftest/u.test(line))).toEqual([]);
  });

  test('--after-login tells who runs in which session', async ({ onTestFinished: atEnd }) => {
    const mac = await playMac({ atEnd });
    const first = await mac.run(BASH, SCRIPT, '--after-login');
    expect(first).toMatchObject({ code: 0, out: expect.stringContaining('Now log out and in') });
    await mac.logout();
    await waitFor(async () => !(await mac.launchctl('list')).out.includes('com.mcp.selftest'), {
      timeout: 40_000,
      what: 'the end of the session',
    });
    await mac.login();
    const { out } = await mac.run(BASH, SCRIPT, '--after-login');
    expect(out).toMatch(/^# gui\/501: state [a-z ]+, pid \d*, runs 1, last exit code = /mu);
    expect(out).toMatch(/^# user\/501: state [a-z ]+, pid \d*, runs 1, last exit code = /mu);
    expect(out).toContain('ok - it serves after the login');
    expect(readdirSync(join(mac.userHome, 'Library', 'LaunchAgents'))).toEqual([]);
  });

  test('--sleep compares gaps with the wakes of the system', async ({ onTestFinished: atEnd }) => {
    const mac = await playMac({ atEnd });
    expect((await mac.run(BASH, SCRIPT, '--sleep')).out).toContain('let this Mac sleep');
    const { code, out } = await mac.run(BASH, SCRIPT, '--sleep');
    expect(out).toMatch(/^# wakes since: 0 by pmset, 0 gaps/mu);
    expect(code).toBe(0);
  });

  test('says how it is called', async ({ onTestFinished: atEnd }) => {
    const mac = await playMac({ atEnd });
    const { code, out } = await mac.run(BASH, SCRIPT, '--what');
    expect(code).toBe(64);
    expect(out).toContain('--after-login');
  });
});

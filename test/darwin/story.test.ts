// The life of a watchdog on a Mac, played on Linux from install to uninstall.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ServerStatus, Status } from '../../src/core/model/status.ts';
import { FIXTURE, QUICK } from '../e2e/daemon.ts';
import { CONTEXT7 } from '../fixtures/start.ts';
import { fixtureFiles } from '../fakes/fixture-files.ts';
import { requireProgram } from '../fakes/require-program.ts';
import { startRegistry } from '../fakes/static-registry.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { canPlayMac, type Mac, playMac, tell } from './mac.ts';

const LABEL = 'com.mcp.daemon';
const NAME = '@fixtures/mcp-server';

function release(version: string) {
  const start = "#!/usr/bin/env node\nawait import('./mcp.mjs');\n";
  return {
    name: NAME,
    version,
    files: { ...fixtureFiles(), 'start.mjs': start },
    manifest: { bin: { 'mcp-server': 'start.mjs' }, type: 'module' },
  };
}

interface Job {
  readonly state: string | undefined;
  readonly pid: number | null;
  readonly runs: number;
  readonly end: string | undefined;
}

async function jobOf(mac: Mac, domain = `gui/${mac.uid}`): Promise<Job | null> {
  const { code, out } = await mac.launchctl('print', `${domain}/${LABEL}`);
  const field = (name: string) => new RegExp(`^\\t${name} = (.*)$`, 'mu').exec(out)?.[1];
  if (code !== 0) return null;
  const end = field('last terminating signal') ?? field('last exit code');
  return { state: field('state'), pid: Number(field('pid')) || null, runs: Number(field('runs')), end };
}

/** What the page says of one server; undefined while nobody answers. */
async function serverOf(mac: Mac, name: string): Promise<ServerStatus | undefined> {
  const url = /.*"url":"(http:[^"]+)","msg":"Listening"/su.exec(
    readIf(join(mac.home, 'logs', 'watchdog.log')),
  )?.[1];
  try {
    const status: Status = JSON.parse(await (await fetch(`${url}/api/v1/status`)).text());
    return status.servers.find((one) => one.name === name);
  } catch {
    return undefined;
  }
}

function upOf(mac: Mac, name: string): Promise<ServerStatus> {
  return waitFor(
    async () => {
      const server = await serverOf(mac, name);
      return server?.health.up === true && server;
    },
    { what: `${name} to be up`, timeout: 60_000 },
  );
}

function readIf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

const isAlive = async (mac: Mac, pid: number): Promise<boolean> =>
  (await mac.run('kill', '-0', String(pid))).code === 0;

function runningJob(mac: Mac, runs: number): Promise<Job & { readonly pid: number }> {
  return waitFor(
    async () => {
      const job = await jobOf(mac);
      return job?.state === 'running' && job.pid !== null && job.runs === runs && { ...job, pid: job.pid };
    },
    { what: `run ${runs} of the job`, timeout: 60_000 },
  );
}

/** Starts a server, stopped in its tracks once its script has become node, whose client is then killed; returns its pid. */
async function leaveBehind(mac: Mac): Promise<number> {
  const client = `
    const child = require('node:child_process').spawn(process.argv[1], process.argv.slice(2), { stdio: ['pipe', 'ignore', 'ignore'] });
    while (require('node:fs').readFileSync('/proc/' + child.pid + '/cmdline', 'latin1').startsWith('/bin/sh'));
    process.kill(child.pid, 'SIGSTOP');
    require('node:fs').writeSync(1, String(child.pid));
    process.kill(process.pid, 'SIGKILL');`;
  const server = [process.execPath, CONTEXT7, '--api-key', 'very-secret-value'];
  return Number((await mac.run('setsid', '--wait', process.execPath, '-e', client, ...server)).out);
}

/** Each program with the options it was called with, and how often. */
function summaryOf(mac: Mac): string {
  const calls = ['ps', 'top', 'lsof', 'launchctl', 'osascript', 'sysctl', 'codesign', 'open'].flatMap(
    (program) =>
      mac
        .asked(program)
        .map(({ argv }) => `${program} ${argv.map((word) => (/^\d+$/u.test(word) ? 'N' : word)).join(' ')}`),
  );
  const counts = new Map<string, number>();
  for (const call of calls) counts.set(call.slice(0, 160), (counts.get(call.slice(0, 160)) ?? 0) + 1);
  return [...counts].map(([call, count]) => `${String(count).padStart(4)}  ${call}`).join('\n');
}

describe.skipIf(!requireProgram('python3') || !canPlayMac())('on a Mac', { timeout: 400_000 }, () => {
  test('a watchdog is installed, crashes, is logged out of, updates, reaps, is examined and uninstalled', async () => {
    const registry = await startRegistry([release('1.0.0')]);
    onTestFinished(() => registry.close());
    const mac = await playMac();
    const file = join(mac.userHome, 'Library', 'LaunchAgents', `${LABEL}.plist`);
    // Probes that a busy machine misses restart nobody, and undo no update.
    const patient = { ...QUICK, probe: { interval: '500ms', timeout: '5s', failures: 9 } };
    const server = { command: [mac.node, FIXTURE], ...patient };
    writeFileSync(
      join(mac.home, 'config.yaml'),
      JSON.stringify({
        metrics: { listen: '127.0.0.1:0' },
        gateway: { listen: '127.0.0.1:0' },
        sampling: { interval: '1s' },
        alerts: { notify: [{ kind: 'desktop' }] },
        servers: {
          a: server,
          p: { package: NAME, ...patient, update: { probation: '2s', minimumAge: '1d' } },
        },
      }),
      { mode: 0o600 },
    );
    writeFileSync(
      join(mac.home, 'service.env'),
      `npm_config_registry=${registry.url}\nnpm_config_cache=${mac.userHome}/npm-cache\n`,
      { mode: 0o600 },
    );

    tell('# install');
    const installed = await mac.watchdog('install');
    expect(installed).toMatchObject({
      code: 0,
      out: expect.stringContaining(`Installed the service: ${file} (launchd)`),
    });
    await upOf(mac, 'a');
    await upOf(mac, 'p');
    await mac.watchdog('status');
    expect(
      mac
        .asked('ps')
        .every(({ argv, locale }) => argv.join().includes('command') === /utf-?8/iu.test(locale)),
    ).toBe(true);
    const resident = await waitFor(async () => (await serverOf(mac, 'a'))?.usage?.footprintBytes);
    expect(resident).toBeGreaterThan(2 ** 20);

    tell('# doctor');
    const doctor = await mac.watchdog('doctor');
    expect(doctor.code).toBe(0);
    for (const line of ['Guardian', 'Protected folders', 'Service', 'Orphans', 'Open files', 'Notifications'])
      expect(doctor.out).toMatch(new RegExp(`^. ${line} `, 'mu'));
    expect(doctor.out).not.toMatch(/^[?✘✗] /mu);

    tell('# a crash: launchd starts it again, nothing of the first is left');
    const first = await runningJob(mac, 1);
    const orphaned = (await upOf(mac, 'a')).pid ?? 0;
    await mac.run('kill', '-9', String(first.pid));
    const second = await runningJob(mac, 2);
    expect(second.end).toBe('Killed: 9');
    await waitFor(async () => !(await isAlive(mac, orphaned)), { what: 'the guardian to end its server' });
    expect((await upOf(mac, 'a')).pid).not.toBe(orphaned);

    tell('# logout and login: both sessions load it, one runs it');
    await mac.logout();
    await waitFor(async () => !(await isAlive(mac, second.pid)), {
      what: 'the end of the session',
      timeout: 60_000,
    });
    await mac.login();
    await upOf(mac, 'a');
    const jobs = [await jobOf(mac), await jobOf(mac, `user/${mac.uid}`)];
    expect(new Set(jobs.map((job) => job?.state))).toEqual(new Set(['not running', 'running']));
    expect(jobs.find((job) => job?.state === 'not running')?.end).toBe('0');
    await mac.watchdog('doctor');

    tell('# an update');
    await registry.publish(release('1.1.0'));
    expect((await mac.watchdog('update', 'p')).out).toContain('1.1.0 runs');
    await waitFor(async () => (await serverOf(mac, 'p'))?.update?.progress === null, { timeout: 60_000 });
    await mac.watchdog('cleanup');

    tell('# a notification');
    expect((await mac.watchdog('notify', 'test')).code).toBe(0);
    expect(mac.asked('osascript').at(-1)?.argv).toEqual(
      expect.arrayContaining(['--', expect.stringMatching(/^MCP Watchdog: /u)]),
    );
    expect(mac.asked('osascript').at(-1)?.locale).toBe('en_US.UTF-8');

    tell('# uninstall');
    expect((await mac.watchdog('uninstall')).out).toContain(`removed ${file}`);
    expect(existsSync(file)).toBe(false);
    expect(await Promise.all([jobOf(mac), jobOf(mac, `user/${mac.uid}`)])).toEqual([null, null]);
    const { out } = await mac.run('ps', '-A', '-o', 'pid=,command=');
    expect(out.split('\n').filter((line) => line.includes('mcp.mjs') || line.includes('cli.js'))).toEqual([]);
    tell(`# asked of macOS\n${summaryOf(mac)}`);
  });

  test('a server that its client left behind is found and ended', async () => {
    const mac = await playMac();
    tell('# a server that its client left behind');
    const config = { servers: {}, orphans: { minimumAge: '1s' } };
    writeFileSync(join(mac.home, 'config.yaml'), JSON.stringify(config), { mode: 0o600 });
    const orphan = await leaveBehind(mac);
    await waitFor(async () => (await mac.watchdog('orphans')).out.includes(String(orphan)), {
      what: 'the orphan to be old enough',
      timeout: 60_000,
    });
    const { out } = await mac.watchdog('orphans');
    expect(out).toContain('context7');
    expect(out).not.toContain('very-secret-value');
    expect(mac.asked('lsof').map(({ argv }) => argv.join(' '))).toContain(
      `-b -w -nP -a -p ${orphan} -d 0 -Fftn`,
    );
    expect((await mac.watchdog('orphans', '--reap')).code).toBe(0);
    expect(await isAlive(mac, orphan)).toBe(false);
  });
});

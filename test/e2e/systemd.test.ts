// Daemon as a service of a real `systemd --user`: installed, watched, killed, stuck, stopped and uninstalled.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderUnit } from '../../src/service/systemd/unit-file.ts';
import { requireThat } from '../fakes/require-program.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { canUseNamespaces, INSIDE, type Namespace, openNamespace } from './systemd-namespace.ts';

const UNIT = 'mcp-watchdog.service';
const SERVER = 'test/fixtures/servers/mcp.mjs';
const CONFIG = `${INSIDE.home}/.mcp-watchdog/config.yaml`;
const DROP_IN = `${INSIDE.units}/${UNIT}.d/test.conf`;

/** Quick to come back, and no quicker to be given up than a loaded machine bears. */
const QUICK = `[Service]\nRestartSec=200ms\nStandardOutput=append:${INSIDE.home}/out.log\nStandardError=inherit\n`;

const GOOD = JSON.stringify({
  metrics: { listen: '127.0.0.1:0' },
  gateway: { listen: '127.0.0.1:0' },
  servers: {
    one: {
      command: [INSIDE.node, `${INSIDE.project}/${SERVER}`],
      probe: { interval: '500ms', timeout: '5s' },
      stop: { grace: '2s' },
    },
  },
});

const canRun = requireThat('root, unshare and systemd', canUseNamespaces());

describe.skipIf(!canRun)('under systemd --user', { timeout: 180_000 }, () => {
  let inside: Namespace;

  const mainPid = (): number => Number(inside.show(UNIT, 'MainPID'));
  const restarts = (): number => Number(inside.show(UNIT, 'NRestarts'));
  const servers = (): number[] => [...inside.processes(SERVER).keys()];
  const says = (text: string): Promise<string> =>
    waitFor(
      () => {
        const line = inside.show(UNIT, 'StatusText');
        return line.includes(text) && line;
      },
      { timeout: 60_000, what: `systemd to be told "${text}"` },
    );

  /** Waits for another process in place of `pid`, and for its servers to be well. */
  async function replaced(pid: number): Promise<number> {
    const next = await waitFor(
      () => {
        const now = mainPid();
        return now !== 0 && now !== pid && inside.show(UNIT, 'ActiveState') === 'active' && now;
      },
      { timeout: 40_000, what: 'systemd to start the daemon again' },
    );
    await says('1 of 1 healthy');
    return next;
  }

  function setDropIn(text: string): void {
    inside.write(DROP_IN, text);
    expect(inside.systemctl('daemon-reload').code).toBe(0);
  }

  beforeAll(async () => {
    inside = await openNamespace();
    inside.write(DROP_IN, QUICK);
    expect(inside.run('mkdir', '-m', '700', `${INSIDE.home}/.mcp-watchdog`).code).toBe(0);
    inside.write(CONFIG, GOOD);
  }, 60_000);

  afterAll(() => inside?.close(), 30_000);

  test('install starts it, now and at every login, and systemd is told how the servers are', async () => {
    const installed = inside.cli('install');
    expect(installed).toMatchObject({ code: 0, out: expect.stringContaining('Installed the service') });
    await says('1 of 1 healthy');
    expect(inside.show(UNIT, 'ActiveState')).toBe('active');
    expect(inside.systemctl('is-enabled', UNIT).out.trim()).toBe('enabled');
    expect(statSync(inside.outside(`${INSIDE.units}/${UNIT}`)).mode & 0o777).toBe(0o644);
    const again = inside.cli('install');
    expect(again).toMatchObject({ code: 0, out: expect.stringContaining('installed already') });
    expect(restarts()).toBe(0);
    expect(inside.cli('status')).toMatchObject({ code: 0, out: expect.stringContaining('one') });
  });

  test('no server can speak to systemd in our name', () => {
    const [server] = servers();
    const environment = readFileSync(inside.outside(`/proc/${server}/environ`), 'utf8');
    expect(environment).toContain('PATH=');
    expect(environment).not.toMatch(/NOTIFY_SOCKET|WATCHDOG_(?:USEC|PID|SERVICE)/u);
  });

  test('a daemon that is killed is started again, and each of its servers exactly once', async () => {
    const [daemon, [server]] = [mainPid(), servers()];
    inside.kill(daemon, 'KILL');
    await replaced(daemon);
    const now = servers();
    expect(now).toHaveLength(1);
    expect(now).not.toContain(server);
    expect(restarts()).toBe(1);
    const { servers: shown } = JSON.parse(inside.cli('status', '--json').out).data;
    expect(shown).toMatchObject([{ restarts: { unobserved: 1 }, run: 1 }]);
  });

  test('a stray SIGTERM is no wish to be down', async () => {
    // For the process that follows; the test after this one needs it.
    setDropIn(`${QUICK}WatchdogSec=6\n`);
    const daemon = mainPid();
    inside.kill(daemon, 'TERM');
    await replaced(daemon);
    expect(servers()).toHaveLength(1);
    expect(restarts()).toBe(2);
  });

  test('a frozen daemon is killed for lack of a sign of life, and started again', async () => {
    expect(inside.show(UNIT, 'WatchdogUSec')).toBe('6s');
    const daemon = mainPid();
    const [server] = servers();
    inside.kill(daemon, 'STOP');
    await replaced(daemon);
    setDropIn(QUICK);
    expect(servers()).toHaveLength(1);
    expect(servers()).not.toContain(server);
  });

  test('an event loop that is stuck is killed too', async () => {
    const marker = `${INSIDE.home}/was-stuck`;
    const program = `${INSIDE.node} ${INSIDE.project}/test/fixtures/stuck-service.mjs ${INSIDE.project}/dist ${marker}`;
    inside.write(
      `${INSIDE.units}/stuck.service`,
      `[Service]\nType=notify\nNotifyAccess=all\nExecStart=${program}\nWatchdogSec=4\nRestart=on-failure\nRestartSec=100ms\n`,
    );
    inside.systemctl('daemon-reload');
    expect(inside.systemctl('start', 'stuck.service')).toMatchObject({ code: 0 });
    await waitFor(() => Number(inside.show('stuck.service', 'NRestarts')) === 1, {
      timeout: 60_000,
      what: 'the stuck service to be started again',
    });
    expect(existsSync(inside.outside(marker))).toBe(true);
    inside.systemctl('stop', 'stuck.service');
  });

  test('a unit of the oddest paths means exactly these paths', async () => {
    const odd = `${INSIDE.home}/a b%h$HOME"c'd\\e;f`;
    expect(inside.run('mkdir', '-p', odd).code).toBe(0);
    expect(inside.run('ln', '-s', INSIDE.node, `${odd}/node`).code).toBe(0);
    const script = `${odd}/print.cjs`;
    const output = `${INSIDE.home}/printed.json`;
    inside.write(
      script,
      `const { PATH, MCP_WATCHDOG_HOME: home } = process.env;
       require('node:fs').writeFileSync('${output}', JSON.stringify([process.argv.slice(1), PATH, home]))`,
    );
    const plan = { node: `${odd}/node`, program: script, home: odd, path: [odd, '/usr/bin'], userHome: '/' };
    inside.write(`${INSIDE.units}/odd.service`, renderUnit(plan, 'odd.service'));
    inside.write(
      `${INSIDE.units}/odd.service.d/once.conf`,
      '[Service]\nType=oneshot\nRestart=no\nRestartForceExitStatus=\n',
    );
    inside.systemctl('daemon-reload');
    expect(inside.systemctl('start', 'odd.service')).toMatchObject({ code: 0 });
    expect(JSON.parse(inside.read(output))).toEqual([[script, 'run'], `${odd}:/usr/bin`, odd]);
  });

  test('stop leaves nothing, and start brings all back', async () => {
    const group = inside.show(UNIT, 'ControlGroup');
    expect(group).toContain(UNIT);
    expect(inside.cli('stop')).toMatchObject({ code: 0, out: expect.stringContaining('Stopped the daemon') });
    expect(inside.show(UNIT, 'ActiveState')).toBe('inactive');
    expect(inside.show(UNIT, 'Result')).toBe('success');
    expect(servers()).toEqual([]);
    expect(inside.processes('mcp-watchdog-guardian').size).toBe(0);
    const procs = inside.run(
      'sh',
      '-c',
      `cat /sys/fs/cgroup/*${group}/cgroup.procs /sys/fs/cgroup${group}/cgroup.procs`,
    );
    expect(procs.out).toBe('');
    expect(inside.cli('stop')).toMatchObject({
      code: 0,
      out: expect.stringContaining('No daemon is running'),
    });
    expect(inside.cli('start')).toMatchObject({
      code: 0,
      out: expect.stringContaining('service of systemd'),
    });
    await says('1 of 1 healthy');
  });

  test('a daemon beside the service is told of, ended by stop, and replaced by restart', async () => {
    expect(inside.systemctl('stop', UNIT).code).toBe(0);
    const beside = (): number | undefined => {
      inside.run('sh', '-c', `${INSIDE.node} ${INSIDE.cli} run >${INSIDE.home}/beside.log 2>&1 &`);
      return undefined;
    };
    const isUp = (): Promise<true> =>
      waitFor(() => inside.cli('status').code === 0, { timeout: 60_000, what: 'the daemon beside' });
    beside();
    await isUp();
    expect(inside.cli('start').out).toContain('outside its service');
    expect(inside.cli('stop')).toMatchObject({ code: 0, out: expect.stringContaining('Stopped the daemon') });
    expect(servers()).toEqual([]);
    beside();
    await isUp();
    expect(inside.cli('restart').out).toMatch(/ran outside its service\nThe daemon runs as a service/u);
    await says('1 of 1 healthy');
    expect(servers()).toHaveLength(1);
  });

  test('a config that cannot be used is waited for, without a loop', async () => {
    inside.write(CONFIG, 'servers: {one: {comand: [x]}}');
    // What runs is not given up for it.
    const [daemon, [server]] = [mainPid(), servers()];
    expect(inside.cli('restart')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^error: Cannot restart the daemon: .*comand.*\nhint: /u),
    });
    expect([mainPid(), servers()]).toEqual([daemon, [server]]);
    expect(inside.cli('stop').code).toBe(0);
    expect(inside.cli('start')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^error: Cannot start the servers: .*comand.*\nhint: /u),
    });
    await says('config invalid');
    expect(inside.show(UNIT, 'ActiveState')).toBe('active');
    const waiting = mainPid();
    inside.write(CONFIG, GOOD);
    await says('1 of 1 healthy');
    expect(mainPid()).toBe(waiting);
    expect(restarts()).toBe(0);
  });

  test('a reload that is refused fails in systemctl as well', async () => {
    inside.write(CONFIG, 'servers: {one: {comand: [x]}}');
    expect(inside.systemctl('reload', UNIT).code).not.toBe(0);
    await says('config invalid');
    inside.write(CONFIG, GOOD);
    expect(inside.systemctl('reload', UNIT).code).toBe(0);
    await waitFor(() => inside.show(UNIT, 'StatusText') === '1 of 1 healthy', { what: 'the good config' });
    expect(inside.show(UNIT, 'ActiveState')).toBe('active');
  });

  test('uninstall takes it away and leaves config and logs', () => {
    expect(inside.cli('uninstall').code).toBe(0);
    expect(existsSync(inside.outside(`${INSIDE.units}/${UNIT}`))).toBe(false);
    expect(inside.show(UNIT, 'ActiveState')).toBe('inactive');
    expect(servers()).toEqual([]);
    expect(inside.read(CONFIG)).toBe(GOOD);
    expect(inside.cli('start')).toMatchObject({ code: 0, out: expect.not.stringContaining('service') });
    expect(inside.cli('stop').code).toBe(0);
  });
});

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { describeInit, initComplaint, readInitProcess } from '../../../src/system/process/init-process.ts';
import { startGroup } from '../../fakes/processes.ts';
import { waitFor } from '../../fakes/wait-for.ts';

test.each([
  ['/usr/local/bin/node', 'node'],
  ['npm start  ', 'npm'],
  ['sleep', 'sleep'],
])('%s as process 1 does not reap', (first, program) => {
  const found = describeInit([first, 'x'], false);
  expect(found).toEqual({ program, isOurs: false, reaps: false });
  expect(initComplaint(found)).toContain(`process 1 is ${program}, which does not reap orphans`);
});

test.each(['/sbin/init', '/usr/bin/tini', '/lib/systemd/systemd', 'dumb-init', 'bash', 'sh'])(
  '%s as process 1 reaps',
  (first) => expect(initComplaint(describeInit([first], false))).toBeNull(),
);

test('the watchdog itself does not, whatever it is called', () => {
  expect(initComplaint(describeInit(['/opt/watchdog'], true))).toContain('the watchdog itself is process 1');
});

test.runIf(process.platform === 'linux')('process 1 of this machine is seen', () => {
  expect(readInitProcess()?.program).toMatch(/./u);
});

const canIsolate =
  process.platform === 'linux' &&
  spawnSync('unshare', ['-p', '-f', '-m', 'true'], { stdio: 'ignore' }).status === 0;

test.runIf(canIsolate)('the command run as process 1 demands an init by name', async () => {
  const home = mkdtempSync(join(tmpdir(), 'init-process-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  writeFileSync(
    join(home, 'config.yaml'),
    'metrics: {listen: "127.0.0.1:0"}\ngateway: {listen: null}\nservers: {}\n',
    {
      mode: 0o600,
    },
  );
  const inside = `mount -t proc proc /proc; exec ${process.execPath} dist/cli.js --home ${home} run 2>&1`;
  const child = startGroup(['unshare', '-p', '-f', '-m', '--kill-child', 'bash', '-c', inside]);
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  // Nobody writes to the folder any more when the pipe is closed.
  const closed = once(child, 'close');
  await waitFor(() => output.includes('docker run --init'), { what: 'the advice' });
  expect(output).toContain('warning: the watchdog itself is process 1, which does not reap orphans');
  child.kill('SIGKILL');
  await closed;
});

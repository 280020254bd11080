// Folder launchd/ of the repository: it shows exactly what the program writes.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { JOB_EXIT_CODES, LAUNCHCTL_ERRORS } from '../../../src/service/launchd/launchctl-errors.ts';
import { defineLaunchdJob } from '../../../src/service/launchd/job-definition.ts';
import { lintLaunchdJob } from '../../../src/service/launchd/lint-job.ts';
import { createMachine } from '../../../src/service/shared/machine.ts';
import { parsePlist, renderPlist } from '../../../src/service/launchd/plist.ts';

const FOLDER = join(import.meta.dirname, '..', '..', '..', 'launchd');
const README = readFileSync(join(FOLDER, 'README.md'), 'utf8');
const SYSTEM = ['/opt/homebrew/bin', '/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'];

const TEMPLATE = renderPlist(
  defineLaunchdJob(
    {
      node: '__NODE__',
      program: '__PROGRAM__',
      home: '__HOME__',
      userHome: '__USER_HOME__',
      path: ['__NODE_FOLDER__', ...SYSTEM],
    },
    '__LABEL__',
  ),
);

const EXAMPLE = renderPlist(
  defineLaunchdJob(
    {
      node: '/opt/homebrew/opt/node@24/bin/node',
      program: '/opt/homebrew/lib/node_modules/mcp-watchdog/dist/cli.js',
      home: '/Users/me/.mcp-watchdog',
      userHome: '/Users/me',
      path: ['/opt/homebrew/opt/node@24/bin', ...SYSTEM],
    },
    'com.mcp.daemon',
  ),
);

describe('launchd/', () => {
  test.each([
    ['com.mcp.daemon.plist.template', TEMPLATE],
    ['com.mcp.daemon.example.plist', EXAMPLE],
  ])('%s is what is rendered', (name, expected) => {
    expect(readFileSync(join(FOLDER, name), 'utf8')).toBe(expected);
  });

  test('README gives a reason for every key', () => {
    const job = defineLaunchdJob({ node: '', program: '', home: '', userHome: '', path: [] }, '');
    const missing = Object.keys(job).filter((key) => !new RegExp(`^\\| \`${key}\``, 'mu').test(README));
    expect(missing).toEqual([]);
  });

  test('README has the table of error numbers that the program has', () => {
    const rows = [...LAUNCHCTL_ERRORS, ...JOB_EXIT_CODES].map(
      ({ number, message: words, cure }) => `| ${number} | ${words} | ${cure ?? 'nothing to do'} |`,
    );
    expect(README.split('\n').filter((line) => /^\| \d/u.test(line))).toEqual(rows);
  });

  test('the lines of README for a manual install come to a file with nothing wrong in it', () => {
    const user = mkdtempSync(join(tmpdir(), 'manual-'));
    onTestFinished(() => rmSync(user, { recursive: true, force: true }));
    const stub = join(user, 'stubs');
    mkdirSync(join(user, 'global', 'mcp-watchdog', 'dist'), { recursive: true });
    writeFileSync(join(user, 'global', 'mcp-watchdog', 'dist', 'cli.js'), '');
    execFileSync('cp', ['-R', FOLDER, join(user, 'global', 'mcp-watchdog', 'launchd')]);
    mkdirSync(stub);
    writeFileSync(join(stub, 'npm'), `#!/bin/sh\necho '${user}/global'\n`, { mode: 0o755 });
    writeFileSync(join(stub, 'launchctl'), `#!/bin/sh\necho "$@" >> '${user}/asked'\n`, { mode: 0o755 });
    const [, script = ''] = /## By hand[\s\S]*?```bash\n([\s\S]*?)```/u.exec(README) ?? [];
    const env = { HOME: user, PATH: `${stub}:${process.env['PATH'] ?? ''}` };
    const { status, stderr } = spawnSync('bash', ['--norc', '-eu', '-c', script], { env, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    const file = join(user, 'Library/LaunchAgents/com.mcp.daemon.plist');
    const job = parsePlist(readFileSync(file, 'utf8')) ?? {};
    expect(lintLaunchdJob(job, { ...createMachine(), userHome: user })).toEqual([]);
    expect(readFileSync(join(user, 'asked'), 'utf8')).toMatch(
      /^enable gui\/\d+\/com\.mcp\.daemon\nbootstrap gui\/\d+ .*\/com\.mcp\.daemon\.plist\n$/u,
    );
  });

  test('selftest.sh is a script that bash reads, and refuses to run elsewhere than on a Mac', () => {
    const script = join(FOLDER, 'selftest.sh');
    expect(spawnSync('bash', ['-n', script], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    if (process.platform === 'darwin') return;
    expect(spawnSync('bash', [script], { encoding: 'utf8' })).toMatchObject({ status: 2, stdout: '' });
  });
});

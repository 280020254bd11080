// Checks of a job definition: one fault a row.
import { describe, expect, test } from 'vitest';
import { defineLaunchdJob } from '../../../src/service/launchd/job-definition.ts';
import { lintLaunchdJob, type LintView } from '../../../src/service/launchd/lint-job.ts';
import type { PlistDictionary } from '../../../src/service/launchd/plist.ts';

const USER = '/Users/me';
const GOOD = defineLaunchdJob(
  {
    node: '/opt/homebrew/bin/node',
    program: '/opt/homebrew/lib/node_modules/mcp-watchdog/dist/cli.js',
    home: `${USER}/.mcp-watchdog`,
    path: ['/opt/homebrew/bin', '/usr/bin', '/bin'],
    userHome: USER,
  },
  'com.mcp.daemon',
);

const MAC: LintView = {
  userHome: USER,
  isExecutable: (path) => path.endsWith('/node'),
  isFile: (path) => path.endsWith('/cli.js'),
  isFolder: (path) => !path.includes('missing'),
  isWritable: (path) => !path.includes('locked'),
  realpath: (path) => path,
};

function lint(changes: PlistDictionary, view: LintView = MAC): string[] {
  return lintLaunchdJob({ ...GOOD, ...changes }, view).map(({ key, reason }) => `${key} ${reason}`);
}

const withArgument = (at: number, argument: string): PlistDictionary => ({
  ProgramArguments: GOOD.ProgramArguments.map((one, index) => (index === at ? argument : one)),
});
const withEnv = (env: PlistDictionary): PlistDictionary => ({
  EnvironmentVariables: { ...GOOD.EnvironmentVariables, ...env },
});

describe('lintLaunchdJob()', () => {
  test('finds nothing wrong with what we render', () => {
    expect(lint({})).toEqual([]);
  });

  test('gives every problem a cure', () => {
    const problems = lintLaunchdJob({ Label: 'a b', Program: '/bin/sh' }, MAC);
    expect(problems.length).toBeGreaterThan(8);
    expect(problems.filter(({ cure }) => cure === '')).toEqual([]);
  });

  test.each<[string, PlistDictionary, RegExp]>([
    ['a label with a space', { Label: 'com.mcp daemon' }, /^Label must be letters/u],
    ['a label that leads elsewhere', { Label: '../evil' }, /^Label must be letters/u],
    ['a relative node', withArgument(0, 'node'), /^ProgramArguments\[0\] must be the absolute path/u],
    ['a node that is gone', withArgument(0, '/gone'), /^ProgramArguments\[0\] must be the absolute path/u],
    [
      'a program that is gone',
      withArgument(1, '/gone.js'),
      /^ProgramArguments\[1\] must be the absolute path/u,
    ],
    ['no program', { ProgramArguments: ['/bin/node'] }, /^ProgramArguments\[1\] .* got nothing/u],
    ['a tilde', withArgument(4, '~/watchdog'), /^ProgramArguments\[4\] holds ~ or a variable/u],
    ['a tilde within PATH', withEnv({ PATH: '/bin:~/bin' }), /^EnvironmentVariables\.PATH holds ~/u],
    [
      'a variable',
      withEnv({ PATH: '/bin:${HOME}/bin' }),
      /^EnvironmentVariables\.PATH holds ~ or a variable/u,
    ],
    [
      'a number in the environment',
      withEnv({ PORT: 9638 }),
      /^EnvironmentVariables\.PORT must be a text, got 9638/u,
    ],
    ['no environment', { EnvironmentVariables: 'x' }, /^EnvironmentVariables must be a dictionary/u],
    ['a number as text', { ExitTimeOut: '30' }, /^ExitTimeOut must be a whole number/u],
    ['waiting for ever', { ExitTimeOut: 0 }, /^ExitTimeOut must be a whole number above 0/u],
    ['a short grace', { ExitTimeOut: 5 }, /^ExitTimeOut must be 30 seconds/u],
    ['a fraction', { ThrottleInterval: 0.5 }, /^ThrottleInterval must be a whole number/u],
    ['an umask in octal as text', { Umask: '077' }, /^Umask must be a whole number/u],
    ['no limit of files', { SoftResourceLimits: {} }, /^SoftResourceLimits\.NumberOfFiles must be/u],
    ['a job that is always started again', { KeepAlive: true }, /^KeepAlive must be SuccessfulExit false/u],
    ['a throttled job', { ProcessType: 'Background' }, /^ProcessType must be Interactive/u],
    ['a key of others', { Program: '/bin/sh' }, /^Program is not a key that mcp-watchdog writes/u],
    [
      'a key that is never to be written',
      { Disabled: false },
      /^Disabled is not a key that mcp-watchdog writes/u,
    ],
    ['a folder that is not there', { WorkingDirectory: '/missing' }, /^WorkingDirectory must be a folder/u],
    [
      'output that cannot be opened',
      { StandardOutPath: '/locked/log' },
      /^StandardOutPath must be in a writable folder/u,
    ],
    [
      'errors to nowhere',
      { StandardErrorPath: '/missing/log' },
      /^StandardErrorPath must be in a writable folder/u,
    ],
    [
      'a working folder that is protected',
      { WorkingDirectory: `${USER}/Desktop` },
      /macOS closes to background/u,
    ],
    [
      'a home in iCloud',
      withEnv({ MCP_WATCHDOG_HOME: `${USER}/Library/Mobile Documents/x` }),
      /macOS closes/u,
    ],
    [
      'a program in a clone in Documents',
      withArgument(1, `${USER}/Documents/dist/cli.js`),
      /ProgramArguments\[1\] lies in/u,
    ],
    [
      'the same in other letters',
      withArgument(1, `${USER}/documents/dist/cli.js`),
      /ProgramArguments\[1\] lies in/u,
    ],
    ['a node on another disk', withArgument(0, '/Volumes/Disk/bin/node'), /ProgramArguments\[0\] lies in/u],
  ])('finds %s', (_, changes, expected) => {
    const found = lint(changes);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
  });

  test.each<PlistDictionary>([
    { GITHUB_TOKEN: 'x' },
    { API_KEY: 'x' },
    { DB_PASSWORD: 'x' },
    { INNOCENT: 'sk-ant-REDACTED' },
    { INNOCENT: 'ghp_0123456789abcdefghij' },
  ])('finds a secret and does not repeat it: %j', (env) => {
    const found = lint(withEnv(env));
    expect(found).toEqual([expect.stringMatching(/looks like a secret$/u)]);
  });

  test.each([
    ['a home that is a link into Documents', `${USER}/Documents/.mcp-watchdog`],
    ['a home that is a link to another disk', '/Volumes/Disk/watchdog'],
    ['a home that is a link into another form of the name', `${USER}/DOCUMENTS/x`],
  ])('finds %s', (_, target) => {
    const home = `${USER}/.mcp-watchdog`;
    const view: LintView = {
      ...MAC,
      // Files below the home do not exist yet.
      realpath: (path) => (path === home ? target : path.startsWith(`${home}/`) ? null : path),
    };
    const found = lint({}, view);
    expect(found).toHaveLength(2);
    expect(found[0]).toContain(`"${home}" leads to "${target}"`);
    expect(found[1]).toContain(`"${home}/logs/launchd.log" leads to "${target}/logs/launchd.log"`);
  });

  test('takes no offence at a link on another disk that leads to this one', () => {
    const view: LintView = {
      ...MAC,
      realpath: (path) => path.replace('/Volumes/Macintosh HD', ''),
    };
    expect(lint({ WorkingDirectory: '/Volumes/Macintosh HD/Users/me' }, view)).toEqual([]);
  });

  test('lets a folder be whose name only begins like a protected one', () => {
    expect(lint({ WorkingDirectory: `${USER}/Documents2` })).toEqual([]);
  });
});

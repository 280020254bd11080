import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';

import { describe, expect, test } from 'vitest';

import { runCommand } from '../../../src/system/process/run-command.ts';
import { waitFor } from '../../fakes/wait-for.ts';

const NODE = process.execPath;
const QUIET = { env: {}, timeout: null };

function node(code: string): readonly [string, ...string[]] {
  return [NODE, '-e', code];
}

function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z');
}

describe('runCommand()', () => {
  test('tells how a program ended and what it printed', async () => {
    const result = await runCommand(
      node('console.log("out"); console.error("err"); process.exitCode = 7'),
      QUIET,
    );
    expect(result).toEqual({
      code: 7,
      signal: null,
      stdout: 'out\n',
      stderr: 'err\n',
      timedOut: false,
      aborted: false,
      spawnError: null,
    });
  });

  test('gives the program no environment but the one that was given', async () => {
    const code = 'console.log(Object.keys(process.env).join())';
    const { stdout } = await runCommand(node(code), { ...QUIET, env: { ONLY: 'this', NOT: undefined } });
    expect(stdout.trim().split(',')).toContain('ONLY');
    expect(stdout).not.toMatch(/HOME|PATH|NOT/);
  });

  test.each([
    ['a program that is not there', ['/nowhere/at-all'], {}, 'ENOENT'],
    ['a folder that is not there', ['/bin/sh', '-c', 'true'], { cwd: '/nowhere/at-all' }, 'ENOENT'],
    ['a program that cannot be run', [tmpdir()], {}, 'EACCES'],
  ] as const)('reports %s as a value', async (_what, argv, options, expected) => {
    const result = await runCommand(argv, { ...QUIET, ...options });
    expect(result).toMatchObject({ code: null, signal: null, spawnError: expected });
  });

  test('hands out lines as they come', async () => {
    const lines: string[] = [];
    const code = 'process.stdout.write("one\\ntwo\\nthr"); console.error("four"); process.stdout.write("ee")';
    await runCommand(node(code), { ...QUIET, onLine: (line, stream) => lines.push(`${stream} ${line}`) });
    expect(lines.toSorted()).toEqual(['stderr four', 'stdout one', 'stdout three', 'stdout two']);
  });

  test('keeps the end of a flood and little else', async () => {
    const code =
      'for (let i = 0; i < 64; i += 1) process.stdout.write("x".repeat(1024 * 1024)); console.log("the end")';
    const { stdout } = await runCommand(node(code), QUIET);
    expect(stdout.length).toBeLessThanOrEqual(1024 * 1024);
    expect(stdout.endsWith('the end\n')).toBe(true);
  });

  test('ends a program that takes too long, and what it started', async () => {
    const grandchild = 'require("child_process").spawn("sleep", ["600"]).pid';
    const code = `console.log(${grandchild}); process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)`;
    const result = await runCommand(node(code), {
      ...QUIET,
      env: { PATH: process.env['PATH'] },
      timeout: 1000,
    });
    expect(result).toMatchObject({ code: null, signal: 'SIGKILL', timedOut: true, aborted: false });
    await waitFor(() => !isAlive(Number(result.stdout)), { what: 'the end of the grandchild' });
  });

  test('ends what a program leaves behind when it ends by itself', async () => {
    const code =
      'console.log(require("child_process").spawn("sleep", ["600"], { stdio: "inherit" }).pid); process.exit()';
    const result = await runCommand(node(code), { ...QUIET, env: { PATH: process.env['PATH'] } });
    expect(result.code).toBe(0);
    await waitFor(() => !isAlive(Number(result.stdout)), { what: 'the end of the grandchild' });
  });

  test('does not wait for a process that left the group and holds the pipes', async () => {
    const code =
      'const left = require("child_process").spawn("sleep", ["600"], { stdio: "inherit", detached: true });' +
      'console.log(left.pid); left.unref()';
    const result = await runCommand(node(code), {
      ...QUIET,
      env: { PATH: process.env['PATH'] },
      timeout: 20_000,
    });
    process.kill(Number(result.stdout), 'SIGKILL');
    expect(result).toMatchObject({ code: 0, timedOut: false });
  });

  test('ends a program when it is no longer wanted', async () => {
    const controller = new AbortController();
    const running = runCommand(node('console.log("here"); setInterval(() => {}, 1000)'), {
      ...QUIET,
      signal: controller.signal,
      onLine: () => controller.abort(),
    });
    expect(await running).toMatchObject({ code: null, signal: 'SIGTERM', aborted: true, timedOut: false });
  });

  test('does not start a program that is not wanted any more', async () => {
    const result = await runCommand(node('console.log("here")'), { ...QUIET, signal: AbortSignal.abort() });
    expect(result).toMatchObject({ code: null, stdout: '', aborted: true });
  });
});

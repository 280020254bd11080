import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { spawnProcess, startsThroughNice } from '../../../src/system/process/spawn.ts';

const options = { env: { PATH: process.env['PATH'] ?? '' }, cwd: '/', stdin: 'pipe', nice: 0 } as const;

async function outputOf(
  argv: readonly [string, ...string[]],
  change: Partial<Parameters<typeof spawnProcess>[0]> = {},
): Promise<string> {
  const child = await spawnProcess({ ...options, argv, ...change });
  if (!('pid' in child)) throw new Error(child.message);
  let text = '';
  for await (const chunk of child.stdout) text += String(chunk);
  return text;
}

describe('spawnProcess()', () => {
  test('makes the process the leader of a group of its own', async () => {
    const child = await spawnProcess({ ...options, argv: ['/bin/sh', '-c', 'ps -o pgid= -p $$; read line'] });
    if (!('pid' in child)) throw new Error(child.message);
    const text = await new Promise((resolve) =>
      child.stdout.once('data', (chunk) => resolve(String(chunk).trim())),
    );
    expect(text).toBe(String(child.pid));
    child.stdin?.end();
    expect(await child.exit).toEqual({ code: 1, signal: null });
  });

  test('lowers the priority of the process and of all that it starts, however soon', async () => {
    for (let round = 0; round < 10; round += 1) {
      const text = await outputOf(['/bin/sh', '-c', `sleep 60 & ps -o nice= -p $! -p $$; kill $!`], {
        nice: 7,
      });
      expect(text.trim().split(/\s+/)).toEqual(['7', '7']);
    }
  });

  test.each([
    ['a program that is not there', ['/no/such/program'], 'ENOENT'],
    ['a folder', ['/tmp'], 'EACCES'],
  ] as const)('answers %s with a fault', async (_, argv, code) => {
    expect(await spawnProcess({ ...options, argv: [argv[0]] })).toMatchObject({ code });
  });

  test('answers arguments that the system cannot take with a fault', async () => {
    expect(await spawnProcess({ ...options, argv: ['/bin/echo', 'a\0b'] })).toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
    });
    expect(await spawnProcess({ ...options, argv: ['/bin/echo', 'x'.repeat(3_000_000)] })).toMatchObject({
      code: 'E2BIG',
    });
  });

  test('answers a lack of file descriptors with a fault, and starts again when there are some', () => {
    const module = new URL('../../../dist/system/process/spawn.js', import.meta.url).href;
    const script = `
      import { closeSync, openSync } from 'node:fs';
      const { spawnProcess } = await import('${module}');
      const start = () => spawnProcess({ argv: ['/bin/true'], env: {}, cwd: '/', stdin: 'pipe', nice: 0 });
      const taken = [];
      try { for (;;) taken.push(openSync('/dev/null')); } catch {}
      const without = await start();
      taken.forEach((fd) => closeSync(fd));
      const withSome = await start();
      console.log(without.code, (await withSome.exit).code);`;
    const { stdout, stderr } = spawnSync(
      '/bin/sh',
      ['-c', 'ulimit -n 64; exec "$0" "$@"', process.execPath, '--input-type=module', '-e', script],
      { encoding: 'utf8' },
    );
    expect({ stdout, stderr }).toEqual({ stdout: 'EMFILE 0\n', stderr: '' });
  });

  test('hands over no shell, and no environment but the given one', async () => {
    expect(await outputOf(['/bin/echo', '$HOME; `id` && *'])).toBe('$HOME; `id` && *\n');
    expect(await outputOf(['/usr/bin/env'], { env: { ONLY: 'this' } })).toBe('ONLY=this\n');
  });

  test('lowers the priority of the process', async () => {
    // The first line is read after the priority was set: that happens before the pipe can be answered.
    const child = await spawnProcess({ ...options, argv: ['/bin/sh', '-c', 'read line; nice'], nice: 5 });
    if (!('pid' in child)) throw new Error(child.message);
    child.stdin?.end('go\n');
    const text = await new Promise((resolve) =>
      child.stdout.once('data', (chunk) => resolve(String(chunk).trim())),
    );
    expect(text).toBe('5');
  });

  test('reports an end by signal', async () => {
    const child = await spawnProcess({ ...options, argv: ['/bin/sh', '-c', 'kill -KILL $$'] });
    if (!('pid' in child)) throw new Error(child.message);
    expect(await child.exit).toEqual({ code: null, signal: 'SIGKILL' });
  });
});

test.each([
  ['linux', 5, { DYLD_LIBRARY_PATH: '/x' }, true],
  ['darwin', 5, {}, true],
  ['darwin', 5, { DYLD_LIBRARY_PATH: '/x' }, false],
  ['darwin', 5, { MY_DYLD_X: '/x' }, true],
  ['darwin', 0, {}, false],
] as const)('on %s, nice %i with %j goes through nice(1): %s', (system, nice, env, is) =>
  expect(startsThroughNice({ nice, env }, system)).toBe(is),
);

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { pathsInUse } from '../../../src/system/process/paths-in-use.ts';
import { waitFor } from '../../fakes/wait-for.ts';

function setUp() {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'mcpw-use-')));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'servers/a'), { recursive: true });
  const program = join(folder, 'servers/a/stay.mjs');
  writeFileSync(
    program,
    "if (process.argv[2] !== undefined) process.title = process.argv[2]; process.stdout.write('up'); setInterval(() => {}, 1000);",
  );
  return { folder, servers: join(folder, 'servers'), program };
}

async function start(argv: readonly string[], cwd: string): Promise<void> {
  const child = spawn(process.execPath, argv, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let isUp = false;
  child.stdout.once('data', () => (isUp = true));
  await waitFor(() => isUp, { what: 'the process' });
}

describe('pathsInUse()', () => {
  test('finds a program by its command line, and nothing where nothing runs', async () => {
    const { servers, program } = setUp();
    expect(await pathsInUse(servers)).toEqual(new Set());
    await start([program], '/');
    expect(await pathsInUse(servers)).toEqual(new Set(['a/stay.mjs']));
  });

  test('finds one that was started through a link to the folder', async () => {
    const { folder, servers, program } = setUp();
    symlinkSync(folder, join(folder, 'alias'));
    await start([program], '/');
    expect(await pathsInUse(join(folder, 'alias/servers'))).toEqual(new Set(['a/stay.mjs']));
    expect(await pathsInUse(servers)).toEqual(new Set(['a/stay.mjs']));
  });

  test.runIf(process.platform === 'linux')(
    'finds one that only works there, whatever it calls itself',
    async () => {
      const { servers, program } = setUp();
      await start([program, 'x'.repeat(3)], join(servers, 'a'));
      expect([...(await pathsInUse(servers))]).toContain('a');
    },
  );
});

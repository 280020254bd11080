import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { waitFor } from '../../fakes/wait-for.ts';

const DIST = fileURLToPath(new URL('../../../dist', import.meta.url));
const PROGRAM = fileURLToPath(new URL('../../fixtures/dead-man.mjs', import.meta.url));

interface Watched {
  readonly child: ChildProcessWithoutNullStreams;
  readonly said: () => string;
  readonly end: Promise<{ code: number | null; signal: string | null }>;
}

async function startWatched(limit: number, behaviour: string): Promise<Watched> {
  const child = spawn(process.execPath, [PROGRAM, DIST, String(limit), behaviour]);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stdin.on('error', () => {});
  const end = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal })),
  );
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await end;
  });
  await waitFor(() => said.includes('ready'), { what: 'the program' });
  return { child, said: () => said, end };
}

describe('startEventLoopWatchdog()', () => {
  test('ends a process whose event loop is stuck, and says why', async () => {
    const { said, end } = await startWatched(1200, 'block');
    const startedAt = performance.now();
    expect(await end).toEqual({ code: null, signal: 'SIGKILL' });
    expect(said()).toContain('mcp-watchdog: the event loop has been stuck for 1 s');
    // Not at the first doubt.
    expect(performance.now() - startedAt).toBeGreaterThan(1000);
  });

  test('lets live who was stopped for longer than that', async () => {
    const { child, said, end } = await startWatched(3000, 'nothing');
    child.kill('SIGSTOP');
    const stoppedAt = performance.now();
    await waitFor(() => performance.now() - stoppedAt > 5000, { what: 'a sleep longer than the bound' });
    const before = said().length;
    child.kill('SIGCONT');
    await waitFor(() => said().length > before, { what: 'a sign of life' });
    child.stdin.end();
    expect(await end).toEqual({ code: 0, signal: null });
    expect(said()).not.toMatch(/stuck|fault/u);
  });

  test.skipIf(process.platform !== 'linux')('costs one thread and little memory', async () => {
    const { child } = await startWatched(60_000, 'nothing');
    const resident = /VmRSS:\s+(\d+) kB/u.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
    // Node itself takes about 45 MB here.
    expect(Number(resident) / 1024).toBeLessThan(80);
  });
});

import { readdirSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { DetachedProcess } from '../../src/core/lifecycle/process-tree.ts';
import { RUN_MARKER } from '../../src/core/lifecycle/run-marker.ts';
import { superviseProcess } from '../../src/supervisor/server-process.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { identifyProcess } from '../../src/system/process/process-identity.ts';
import { signalGroup } from '../../src/system/process/process-group.ts';
import { readProcessTable } from '../../src/system/process/process-table.ts';
import { type ProcessExit, spawnProcess } from '../../src/system/process/spawn.ts';
import { isRunning } from '../fakes/processes.ts';
import { requireProgram } from '../fakes/require-program.ts';
import { waitFor } from '../fakes/wait-for.ts';

/** Starts `script` in a shell as a supervised process and keeps what it reported. */
async function start(script: string, handedOver?: () => Promise<unknown> | null) {
  const marker = `test/${Math.random()}`;
  const env = { PATH: process.env['PATH'] ?? '', [RUN_MARKER]: marker };
  const child = await spawnProcess({
    argv: ['/bin/sh', '-c', script],
    env,
    cwd: '/',
    stdin: 'pipe',
    nice: 0,
  });
  if (!('pid' in child)) throw new Error(child.message);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const strays: DetachedProcess[] = [];
  const forgotten: DetachedProcess[] = [];
  const faults: unknown[] = [];
  let exit: { at: number; how: ProcessExit } | null = null;
  let goneAt = 0;
  const supervised = superviseProcess({
    leader: {
      server: 's',
      pid: child.pid,
      pgid: child.pid,
      startToken: identifyProcess(child.pid)?.startToken ?? '',
      marker,
    },
    child,
    clock: systemClock,
    ...(handedOver !== undefined && { handedOver }),
    onExit: (how) => {
      exit = { at: performance.now(), how };
    },
    onGone: () => {
      goneAt = performance.now();
    },
    onDetached: (stray) => strays.push(stray),
    onDetachedGone: (stray) => forgotten.push(stray),
    onFault: (error) => faults.push(error),
  });
  onTestFinished(() => {
    signalGroup(child.pid, 'SIGKILL');
    for (const { pid } of strays) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
  });
  const pids = (count: number): Promise<number[]> =>
    waitFor(() => {
      const lines = output.split('\n').slice(0, -1);
      return lines.length >= count && lines.map(Number);
    });
  return {
    ...supervised,
    strays,
    forgotten,
    faults,
    pids,
    exited: () => waitFor(() => exit, { what: 'the exit' }),
    gone: () => waitFor(() => goneAt > 0 && goneAt, { what: 'the end of everything' }),
    isGone: () => goneAt > 0,
  };
}

describe('superviseProcess()', () => {
  test('reports the exit code, then that nothing is left', async () => {
    const process = await start('exit 7');
    expect((await process.exited()).how).toEqual({ code: 7, signal: null });
    await process.gone();
  });

  test('looks for what is left once another process goes on, and waits for that only a moment', async () => {
    let goOn = (): void => {};
    const other = new Promise<void>((resolve) => (goOn = resolve));
    let hasGoneOn = false;
    const process = await start('exit 7', () => other);
    setTimeout(() => {
      hasGoneOn = true;
      goOn();
    }, 20);
    await process.exited();
    expect(hasGoneOn).toBe(true);
    await process.gone();

    const never = await start('exit 7', () => new Promise(() => {}));
    expect((await never.exited()).how).toEqual({ code: 7, signal: null });
    await never.gone();
  });

  test('a leader that leaves a child behind is not gone until the group is empty', async () => {
    const process = await start('sleep 60 & echo $!; exit 1');
    const [child = 0] = await process.pids(1);
    await process.exited();
    expect(isRunning(child)).toBe(true);
    expect(process.isGone()).toBe(false);
    process.end('terminate');
    await process.gone();
    expect(isRunning(child)).toBe(false);
  });

  test('sees the death of a leader while a grandchild holds its pipes open', async () => {
    const process = await start('sleep 60 & kill -9 $$');
    const { how } = await process.exited();
    expect(how).toEqual({ code: null, signal: 'SIGKILL' });
    process.end('kill');
    await process.gone();
  });

  test('TERM reaches the whole group; a child that ignores it needs KILL', async () => {
    const process = await start(`sh -c 'trap "" TERM; echo $$; while :; do sleep 0.1; done' & wait`);
    const [child = 0] = await process.pids(1);
    process.end('terminate');
    await process.exited();
    expect(isRunning(child)).toBe(true);
    process.end('kill');
    await process.gone();
    expect(isRunning(child)).toBe(false);
  });

  test('TERM is obeyed, and the exit code that follows is known', async () => {
    const process = await start(`trap 'exit 3' TERM; echo $$; while :; do sleep 0.1; done`);
    await process.pids(1);
    process.end('terminate');
    expect((await process.exited()).how).toEqual({ code: 3, signal: null });
    await process.gone();
  });

  test('a frozen process is woken to take its TERM', async () => {
    const supervised = await start('echo $$; sleep 60');
    const [pid = 0] = await supervised.pids(1);
    signalGroup(pid, 'SIGSTOP');
    supervised.end('terminate');
    await supervised.gone();
  });

  test.skipIf(!requireProgram('setsid'))(
    'a grandchild that left the group by setsid is found by its parents and ended too',
    async () => {
      const process = await start('setsid sleep 60 & echo $$; wait');
      await process.pids(1);
      process.end('terminate');
      await process.gone();
      expect(process.strays).toHaveLength(1);
      expect(process.strays.some(({ pid }) => isRunning(pid))).toBe(false);
    },
  );

  test.skipIf(!requireProgram('setsid'))(
    'one that was seen to leave the group is forgotten once it is dead, and not before',
    async () => {
      const supervised = await start(`setsid sh -c 'echo $$; exec sleep 60' & wait; exec sleep 60`);
      const [pid = 0] = await supervised.pids(1);
      const stray = { pid, pgid: pid, startToken: identifyProcess(pid)?.startToken ?? '' };
      supervised.updateDetached([stray]);
      supervised.updateDetached([]);
      expect(supervised.strays).toEqual([stray]);
      expect(supervised.forgotten).toEqual([]);
      process.kill(pid, 'SIGKILL');
      await waitFor(() => !isRunning(pid));
      supervised.updateDetached([]);
      supervised.updateDetached([]);
      expect(supervised.forgotten).toEqual([stray]);
    },
  );

  test.skipIf(!requireProgram('setsid'))(
    'one whose parents are all dead is found by what it inherited',
    async () => {
      const process = await start(`setsid sh -c 'sleep 60 & echo $!; exit 0'; exit 1`);
      const [orphan = 0] = await process.pids(1);
      await process.exited();
      await waitFor(() => process.strays.some(({ pid }) => pid === orphan), {
        what: 'the orphan to be found',
      });
      expect(process.isGone()).toBe(false);
      process.end('terminate');
      await process.gone();
      expect(isRunning(orphan)).toBe(false);
    },
  );

  test.skipIf(globalThis.process.platform !== 'linux')(
    'leaves neither zombies nor descriptors behind, however often',
    async () => {
      const ours = (): number => readdirSync('/proc/self/fd').length;
      const rounds = async (count: number): Promise<void> => {
        for (let round = 0; round < count; round += 1) {
          const tenAtOnce = await Promise.all(Array.from({ length: 10 }, () => start('exit 0')));
          await Promise.all(tenAtOnce.map(({ gone }) => gone()));
        }
      };
      const before = ours();
      await rounds(22);
      // What Node opens for itself on the way is few; what a start opens is five.
      await waitFor(() => ours() <= before + 5, { what: 'all pipes to be closed' });
      const children = (await readProcessTable()).filter(({ ppid }) => ppid === globalThis.process.pid);
      expect(children.filter(({ state }) => state !== 'alive')).toEqual([]);
    },
  );

  test('a server exits when its stdin ends', async () => {
    const process = await start('read line; exit 0');
    process.end('close-stdin');
    expect((await process.exited()).how.code).toBe(0);
    await process.gone();
    expect(process.faults).toEqual([]);
  });
});

// Full disk: state is lost, the servers keep running.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { requireThat } from '../fakes/require-program.ts';
import { canMount, mountTinyDisk } from '../fakes/tiny-disk.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { CLI, fixture, startDaemon } from './daemon.ts';

const FAILURES = 'mcp_watchdog_state_persist_failures_total';

describe.skipIf(!requireThat('the right to mount', canMount()))('a full disk', () => {
  test(
    'is counted, keeps nobody from being restarted, and is forgotten when there is room',
    { timeout: 60_000 },
    async () => {
      const disk = mountTinyDisk('2m');
      const home = disk?.folder ?? '';
      onTestFinished(() => disk?.remove());
      const daemon = await startDaemon({ s: fixture() }, { home });
      const { pid } = await daemon.up('s');
      await waitFor(() => existsSync(`${home}/run/state.json`), { what: 'a first save' });
      fill(`${home}/filler`);

      process.kill(pid ?? 0, 'SIGKILL');
      await daemon.until('s', 'restarted', ({ run, health }) => run === 2 && health.up === true);
      await waitFor(async () => ((await daemon.metric(FAILURES)) ?? 0) > 0, { what: 'a failure to save' });
      expect(daemon.run('status').code).toBe(0);
      const second = await daemon.server('s');
      process.kill(second.pid ?? 0, 'SIGKILL');
      await daemon.until('s', 'restarted again', ({ run, health }) => run === 3 && health.up === true);

      rmSync(`${home}/filler`);
      await waitFor(() => savedRestarts(home) === 2, { what: 'the counters on disk' });
      const failures = await daemon.metric(FAILURES);
      const tick = (await daemon.status()).daemon.lastTickAt ?? 0;
      await waitFor(async () => ((await daemon.status()).daemon.lastTickAt ?? 0) > tick, { what: 'a tick' });
      expect(await daemon.metric(FAILURES)).toBe(failures);
      await waitFor(
        () => readFileSync(`${home}/logs/watchdog.log`, 'utf8').includes('Cannot save the state'),
        {
          what: 'the log to work again',
        },
      );
    },
  );

  test('makes init name a home elsewhere', () => {
    const disk = mountTinyDisk('64k');
    onTestFinished(() => disk?.remove());
    fill(`${disk?.folder}/filler`);
    const argv = [CLI, '--home', `${disk?.folder}/home`, 'init'];
    const { status, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
    expect([status, stderr]).toEqual([1, expect.stringContaining('a home on another disk with --home DIR')]);
  });
});

function fill(path: string): void {
  for (const size of [65_536, 4096, 512, 1]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
    } catch {
      // Full for pieces of this size.
    }
  }
}

function savedRestarts(home: string): number {
  const { servers }: { servers: Record<string, { restarts?: Record<string, number> }> } = JSON.parse(
    readFileSync(`${home}/run/state.json`, 'utf8'),
  );
  return servers['s']?.restarts?.['signal'] ?? 0;
}

import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { requireProgram } from '../fakes/require-program.ts';
import { createStage } from '../fakes/stage.ts';

describe.skipIf(!requireProgram('promtool'))('promtool check metrics', () => {
  test.each([
    ['no server', []],
    ['a server that was never started', [{ name: 'files' }]],
    [
      'servers of every kind',
      [
        { name: 'files' },
        { name: 'web', probe: { kind: 'http' as const }, restart: { budget: [] } },
        { name: 'job', probe: { kind: 'exec' as const } },
        {
          name: 'far',
          source: { kind: 'url' as const },
          transport: 'http' as const,
          url: 'http://127.0.0.1:1/mcp',
        },
      ],
    ],
  ])('has nothing to say with %s', async (_, servers) => {
    const stage = createStage();
    for (const server of servers) stage.add(server);
    if (servers.length > 1) {
      stage.bringUp('files');
      stage.bus.publish({
        kind: 'exited',
        server: 'files',
        run: 1,
        code: null,
        signal: 'SIGTERM',
        lastLines: [],
      });
      stage.bus.publish({ kind: 'gap', cause: 'sleep', duration: 1234.5 });
      stage.bus.publish({ kind: 'collected', collector: 'process_table', took: 1.5, error: null });
    }
    const input = await stage.text();
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input,
      encoding: 'utf8',
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  });
});

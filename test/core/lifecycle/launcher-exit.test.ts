import { describe, expect, it } from 'vitest';
import { explainCleanExit } from '../../../src/core/lifecycle/launcher-exit.ts';

function hintOf(argv: string[], leftProcesses = false): string | null {
  return explainCleanExit({ argv, leftProcesses })?.hint ?? null;
}

describe('explainCleanExit()', () => {
  it.each([
    [['docker', 'run', '-d', 'x'], 'Remove -d: docker then stays'],
    [['/usr/bin/podman', 'run', '--rm', '-id', 'x'], 'Remove -d: podman'],
    [['docker', 'compose', 'up', '--detach'], 'Remove -d'],
    [['pm2', 'start', 'x.js'], 'Write the command that pm2 starts'],
    [['brew', 'services', 'start', 'x'], 'Write the command that brew starts'],
    [['sh', '-c', 'node x.js & sleep 1; exit 0'], 'Remove the & from its script'],
    [['bash', '-lc', 'nohup node x.js >log 2>&1 &'], 'Remove the & from its script'],
    [['my-server', '--daemon'], 'Remove --daemon, so that'],
    [['my-server', '--background=true'], 'Remove --background=true'],
  ])('%j returns at once, and how not to', (argv, words) => {
    expect(hintOf(argv)).toContain(words);
    expect(explainCleanExit({ argv, leftProcesses: false })?.what).toBe(
      'and left its work to the background',
    );
  });

  it('says what is seen where no word of the command tells', () => {
    expect(explainCleanExit({ argv: ['my-server'], leftProcesses: true })).toEqual({
      what: 'while a process that it had started went on',
      hint: expect.stringContaining('Run it in the foreground'),
    });
  });

  it.each([
    [['my-server']],
    [['docker', 'run', '--rm', '-i', 'x']],
    [['sh', '-c', 'cd /srv && exec node x.js 2>&1']],
    [['node', 'x.js', '--daemon-url=http://h']],
    [['node', 'daemon']],
  ])('knows nothing about %j', (argv) => {
    expect(hintOf(argv)).toBeNull();
  });
});

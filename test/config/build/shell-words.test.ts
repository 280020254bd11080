import { describe, expect, it } from 'vitest';
import { read } from '../temporary.ts';

function warningsOf(server: object): readonly string[] {
  return read(JSON.stringify({ servers: { a: server } }), { HOME: '/home/u' }).warnings;
}

describe('words that only a shell expands get a warning', () => {
  it.each([
    [{ command: ['node', 's.js', '~/data'] }, 'servers.a.command[2] holds ~, which is taken literally'],
    [{ command: ['node'], args: ['~'] }, 'servers.a.args[0] holds ~'],
    [{ command: ['node'], args: ['--root=~/data'] }, 'write the whole path, or ${env:HOME}/…'],
    [{ command: ['~/bin/srv'] }, 'servers.a.command[0] holds ~'],
    [{ package: 'p', args: ['$HOME/x'] }, 'servers.a.args[0] holds $HOME, which'],
    [{ package: 'p', args: ['--db=$HOME/x'] }, 'write ${env:HOME}'],
    [{ package: 'p', args: ['--token', '$API_TOKEN'] }, 'write ${env:API_TOKEN}'],
    [
      { package: 'p', args: ['$(cat key)'] },
      'holds $(…), which is taken literally: no shell reads it; write the value',
    ],
    [{ package: 'p', args: ['%APPDATA%/x'] }, 'holds %APPDATA%'],
    [{ package: 'p', env: { PATH: '/opt/bin:$PATH' } }, 'servers.a.env.PATH holds $PATH'],
    [{ package: 'p', env: { DATA: '~/data' } }, 'servers.a.env.DATA holds ~'],
    [{ package: 'p', probe: { kind: 'exec', command: ['~/ok'] } }, 'servers.a.probe.command[0] holds ~'],
    [{ command: ['sh', '-c', 'run $HOME', '$HOME'] }, 'servers.a.command[3] holds $HOME'],
  ])('%j', (server, words) => {
    expect(warningsOf(server)).toEqual([expect.stringContaining(words)]);
  });

  it.each([
    [{ command: ['sh', '-c', 'exec $HOME/bin/srv ~/data'] }],
    [{ command: ['bash'], args: ['-lc', 'exec "$HOME/x"'] }],
    [{ command: ['/usr/bin/env', 'bash', '-c', 'cd ~/x'] }],
    [{ package: 'p', args: ['a~b', 'x~', 'v~1.2', '$5', 'pa$WORD', '100%', '\\$'] }],
    [{ package: 'p', args: ['${env:HOME}/x'] }],
    [{ package: 'p', env: { PASSWORD: 'x$HOMER' } }],
  ])('%j has none', (server) => {
    expect(warningsOf(server)).toEqual([]);
  });
});

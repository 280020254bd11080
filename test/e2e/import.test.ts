// Import of a client file up to a running server: the built command, real files, a real server.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { connect } from '../../src/control/client.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { CLI, FIXTURE } from './daemon.ts';

function run(
  argv: readonly string[],
  { home, cwd = home, env = {} }: { home: string; cwd?: string; env?: object },
) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...argv], {
    cwd,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: home, NO_COLOR: '1', ...env },
    timeout: 60_000,
  });
  return { code: status, out: stdout, err: stderr };
}

function write(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

test(
  'what Cursor and Codex start is imported, kept alive, and nothing of theirs is changed',
  { timeout: 60_000 },
  async () => {
    const { home } = tempHome();
    const project = join(home, 'site');
    const files = [
      write(
        join(project, '.cursor/mcp.json'),
        `{ // Cursor\r\n "mcpServers": { "My Tools": { "command": "node", "args": [${JSON.stringify(FIXTURE)}], "env": { "TOKEN": "\${env:TOOLS_TOKEN}" } } } }`,
      ),
      write(
        join(home, '.codex/config.toml'),
        `[mcp_servers.tools]\ncommand = "node"\nargs = [${JSON.stringify(FIXTURE)}, "--tools", "3"]\n[mcp_servers.off]\ncommand = "node"\nenabled = false\n`,
      ),
    ];
    const before = files.map((file) => [
      readFileSync(file, 'utf8'),
      statSync(file).mtimeMs,
      statSync(file).ctimeMs,
    ]);
    const env = { TOOLS_TOKEN: 'token-0123456789' };
    const imported = run(['init', '--from', 'cursor', '--from', 'codex'], { home, cwd: project, env });
    expect(imported).toMatchObject({ code: 0, err: '' });
    expect(
      files.map((file) => [readFileSync(file, 'utf8'), statSync(file).mtimeMs, statSync(file).ctimeMs]),
    ).toEqual(before);
    const watchdog = join(home, '.mcp-watchdog');
    const config = join(watchdog, 'config.yaml');
    expect(statSync(config).mode & 0o777).toBe(0o600);
    expect(readFileSync(config, 'utf8') + imported.out).not.toContain('token-0123456789');
    expect(run(['config', 'validate'], { home, env }).out).toContain('is valid: 3 servers');

    writeFileSync(config, `metrics: {listen: "127.0.0.1:0"}\n${readFileSync(config, 'utf8')}`, {
      mode: 0o600,
    });
    const daemon = spawn(process.execPath, [CLI, 'run'], {
      stdio: 'ignore',
      env: { PATH: process.env['PATH'], HOME: home, ...env },
    });
    const ended = once(daemon, 'exit');
    onTestFinished(() => void daemon.kill('SIGKILL'));
    const servers = await waitFor(
      async () => {
        const client = await connect(join(watchdog, 'run/control.sock')).catch(() => null);
        const status = await client?.request('status', {}).finally(() => client.close());
        const up = status?.servers.filter(({ health }) => health.up === true) ?? [];
        return up.length === 2 && status?.servers;
      },
      { timeout: 60_000, what: 'both servers to be up' },
    );
    expect(servers.map(({ name, state }) => [name, state])).toEqual([
      ['my-tools', 'running'],
      ['tools', 'running'],
      ['off', 'stopped'],
    ]);
    daemon.kill('SIGTERM');
    expect(await ended).toEqual([143, null]);
  },
);

test('a file that is wrong, a client that is not there and a second import each have their exit code', () => {
  const { home } = tempHome();
  const file = write(join(home, '.cursor/mcp.json'), '{"mcpServers": {"a": {"command": "true",,}}}');
  const wrong = run(['init', '--from', 'cursor'], { home });
  expect(wrong).toMatchObject({ code: 2, out: '' });
  expect(wrong.err).toMatch(
    /^error: Cannot import from \S+\/\.cursor\/mcp\.json: line 1, column 41: .*\nhint: .*\n$/,
  );
  expect(run(['init', '--from', 'curser'], { home })).toMatchObject({
    code: 2,
    err: expect.stringContaining('Did you mean cursor?'),
  });
  write(file, '{"mcpServers": {"a": {"command": "true"}}}');
  write(
    join(home, '.claude.json'),
    '{"mcpServers": {"a": {"command": "false"}, "b": {"command": "true", "args": ["b"]}}}',
  );
  const differ = run(['init', '--from', 'cursor', '--from', 'claude-code'], { home });
  expect(differ).toMatchObject({ code: 1, err: '' });
  expect(run(['config', 'validate'], { home }).out).toContain('is valid: 1 server');
  const again = run(['init', '--from', 'cursor'], { home });
  expect(again).toMatchObject({ code: 0, out: expect.stringMatching(/^servers:\n/) });
});

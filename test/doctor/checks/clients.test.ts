import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCli } from '../../../src/cli.ts';
import { startControlServer } from '../../../src/control/server.ts';
import type { ServerSpec } from '../../../src/core/model/server-spec.ts';
import { configuredPrograms } from '../../../src/core/orphans/known-servers.ts';
import { clients } from '../../../src/doctor/checks/orphans.ts';
import { findCopies } from '../../../src/orphans/find-copies.ts';
import type { ClientUse } from '../../../src/config/rewrite/find-uses.ts';
import { fakeDaemon } from '../../fakes/control-handlers.ts';
import { fakeIo } from '../../fakes/io.ts';
import { DEFAULT_SPEC } from '../../fakes/spec.ts';
import { tempHome } from '../../fakes/temp-home.ts';
import { waitFor } from '../../fakes/wait-for.ts';
import { healthy } from '../context.ts';

const use = (change: Partial<ClientUse> = {}): ClientUse => ({
  client: 'cursor',
  path: '/home/ada/.cursor/mcp.json',
  fileProject: null,
  project: null,
  name: 'files',
  at: ['mcpServers', 'files'],
  written: {},
  server: 'files',
  kind: 'copy',
  isOff: false,
  ...change,
});

describe('clients', () => {
  it('names clients that start a server of ours themselves, with the cure', async () => {
    const context = healthy({ clientUses: () => [use(), use({ server: 'notes', name: 'notes' })] });
    expect(await clients.run(context)).toEqual([
      {
        status: 'warning',
        message: 'Cursor starts files, notes itself (/home/ada/.cursor/mcp.json)',
        cure: 'mcp-watchdog init --from cursor --rewrite makes it use the shared ones',
      },
    ]);
  });

  it('says nothing of what is switched off or something else, and which clients use ours', async () => {
    const uses = [use({ isOff: true }), use({ kind: 'differs' })];
    expect(await clients.run(healthy({ clientUses: () => uses }))).toEqual([]);
    const [finding] = await clients.run(healthy({ clientUses: () => [use({ kind: 'ours' })] }));
    expect(finding).toMatchObject({ status: 'ok', message: 'Cursor use the shared servers' });
  });

  it('names copies that run', async () => {
    const copies = [
      { server: 'files', pid: 7, parent: { pid: 6, program: 'Cursor' } },
      { server: 'files', pid: 9, parent: null },
    ];
    const [finding] = await clients.run(healthy({ copies: () => Promise.resolve(copies) }));
    expect(finding?.message).toBe(
      'copies run beside the shared servers: 2 of files (pid 7, pid 9, started by Cursor)',
    );
  });
});

describe('findCopies()', () => {
  it('finds a process of a configured server that another program has started, once', async () => {
    const { home } = tempHome();
    const file = join(home, 'mcp-copied.mjs');
    writeFileSync(file, 'process.stdin.resume();');
    const child = spawn(process.execPath, [file, '--here'], { stdio: ['pipe', 'ignore', 'ignore'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const marked = spawn(process.execPath, [file, '--here'], {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { ...process.env, MCP_WATCHDOG_RUN: '1:2:x' },
    });
    onTestFinished(() => void marked.kill('SIGKILL'));
    const one: ServerSpec = {
      ...DEFAULT_SPEC,
      name: 'copied',
      source: { kind: 'command', command: [process.execPath, file, '--here'] },
    };
    const found = await waitFor(async () => {
      const copies = await findCopies({ configured: configuredPrograms([one]), registered: [] });
      return copies.length > 0 && copies;
    });
    expect(found.map(({ server, pid, parent }) => [server, pid, parent?.pid])).toContainEqual([
      'copied',
      child.pid,
      process.pid,
    ]);
  });
});

describe('status', () => {
  async function withCursor(config = 'servers: { context7: { package: "@upstash/context7-mcp" } }') {
    const paths = tempHome();
    const server = await startControlServer({ socketPath: paths.socket, handlers: fakeDaemon().handlers });
    onTestFinished(() => server.close());
    writeFileSync(paths.config, config, { mode: 0o600 });
    mkdirSync(join(paths.home, '.cursor'));
    const file = join(paths.home, '.cursor', 'mcp.json');
    const uses = (command: object) => writeFileSync(file, JSON.stringify({ mcpServers: { c7: command } }));
    uses({ command: 'npx', args: ['-y', '@upstash/context7-mcp@latest'] });
    const status = async (...names: string[]) => {
      const io = fakeIo({ env: { HOME: paths.home, MCP_WATCHDOG_HOME: paths.home } });
      await runCli(['status', ...names], io);
      return io.stdout();
    };
    return { paths, uses, status, kept: join(paths.run, 'client-hints.json') };
  }

  const HINT =
    'Cursor starts context7 itself: mcp-watchdog init --from cursor --rewrite makes it use the shared one\n';

  it('names a client that starts a server itself', async () => {
    const { status } = await withCursor();
    expect(await status()).toContain(HINT);
  });

  it('keeps what it found until a file is another', async () => {
    const { paths, uses, status, kept } = await withCursor();
    await status();
    const text = readFileSync(kept, 'utf8');
    expect(await status()).toContain(HINT);
    expect(readFileSync(kept, 'utf8')).toBe(text);

    uses({ url: 'http://127.0.0.1:1/mcp' });
    expect(await status()).not.toContain(HINT);
    uses({ command: 'npx', args: ['@upstash/context7-mcp'] });
    expect(await status()).toContain(HINT);
    writeFileSync(paths.config, 'servers: { other: { command: other } }');
    expect(await status()).not.toContain(HINT);
  });

  it('finds it anew when what it kept is damaged', async () => {
    const { status, kept } = await withCursor();
    await status();
    for (const text of ['', '{', '[1, {"key": 1}, {"key": "", "hints": [1]}]', 'null']) {
      writeFileSync(kept, text);
      expect(await status()).toContain(HINT);
    }
  });

  it('says nothing while the config cannot be used, and keeps nothing', async () => {
    const { status, kept } = await withCursor('servers: 1');
    expect(await status()).not.toContain('Cursor');
    expect(existsSync(kept)).toBe(false);
  });
});

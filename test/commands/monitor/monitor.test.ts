import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCli } from '../../../src/cli.ts';
import { type ControlServer, startControlServer } from '../../../src/control/server.ts';
import type { Paths } from '../../../src/system/files/paths.ts';
import { type FakeDaemon, fakeDaemon } from '../../fakes/control-handlers.ts';
import { type FakeIo, type FakeIoOptions, fakeIo } from '../../fakes/io.ts';
import { DOWN, serverStatus, status } from '../../fakes/status.ts';
import { missingHome } from '../../fakes/temp-home.ts';
import { screenOf } from '../../fakes/terminal.ts';
import { waitFor } from '../../fakes/wait-for.ts';

const terminal = { columns: 100, rows: 20 };
const EVENT = {
  at: Date.UTC(2026, 0, 1),
  firstAt: Date.UTC(2026, 0, 1),
  count: 2,
  kind: 'exited',
  server: 'context7',
  text: 'exited with code 3',
  tone: 'warn',
} as const;
const SHOW_CURSOR_AND_LEAVE = '\u001B[?25h\u001B[?1049l';

async function serve(paths: Paths, daemon: FakeDaemon = fakeDaemon()): Promise<ControlServer> {
  const server = await startControlServer({ socketPath: paths.socket, handlers: daemon.handlers });
  onTestFinished(() => server.close());
  return server;
}

async function monitoring(options: FakeIoOptions = { terminal }) {
  const daemon = fakeDaemon();
  const paths = missingHome();
  const server = await serve(paths, daemon);
  const io = fakeIo({ ...options, env: { MCP_WATCHDOG_HOME: paths.home, ...options.env } });
  const ended = runCli(['monitor'], io);
  await waitFor(() => io.stdout().includes('context7'), { what: 'the first picture' });
  return { io, daemon, paths, server, ended };
}

/** What the terminal shows, without colours. */
function picture(io: FakeIo): string[] {
  return screenOf(io.stdout(), { columns: io.out.columns ?? 80, rows: io.out.rows ?? 24 });
}

describe('monitor on a terminal', () => {
  it('shows the daemon, the table, the keys, and what happens below', async () => {
    const { io, daemon, ended } = await monitoring();
    expect(picture(io)[0]).toMatch(/^mcp-watchdog 0\.1\.0 {2}up .* ✓ 1 healthy$/u);
    expect(picture(io)[1]).toMatch(/^ {3}SERVER +STATE/u);
    expect(picture(io)[3]).toMatch(/^>✓ context7 +running/u);
    expect(picture(io).at(-1)).toMatch(/^ j k move .* q quit$/u);
    daemon.view = { ...daemon.view, events: [EVENT] };
    daemon.show(status([serverStatus({ health: DOWN })]));
    await waitFor(() => picture(io)[0]?.includes('◐ 1 handled'));
    expect(picture(io)[3]).toMatch(/^>◐ context7 +down \S/u);
    expect(picture(io)[4]).toBe('   no answer within 5 s');
    await waitFor(() =>
      picture(io).some((line) => /^\d\d:\d\d:\d\d context7 exited with code 3, 2 times$/u.test(line)),
    );
    io.press('q');
    expect(await ended).toBe(0);
    expect(io.stdout().endsWith(SHOW_CURSOR_AND_LEAVE)).toBe(true);
    expect(io.listening()).toBe(0);
  });

  it.each([
    ['Ctrl-C, as a key', (io: FakeIo) => io.press('\u0003')],
    ['Ctrl-C, as a signal', (io: FakeIo) => io.signal('SIGINT')],
    ['SIGTERM', (io: FakeIo) => io.signal('SIGTERM')],
    ['the end of the terminal', (io: FakeIo) => io.signal('SIGHUP')],
  ])('%s gives the terminal back', async (_, end) => {
    const { io, ended } = await monitoring();
    end(io);
    expect(await ended).toBe(0);
    expect(io.stdout().split('\u001B[?1049l')).toHaveLength(2);
    expect(io.listening()).toBe(0);
  });

  it('gives the terminal back once when the process crashes', async () => {
    const { io, ended } = await monitoring();
    io.exit();
    expect(io.stdout().endsWith(SHOW_CURSOR_AND_LEAVE)).toBe(true);
    io.press('q');
    await ended;
    expect(io.stdout().split('\u001B[?1049l')).toHaveLength(2);
  });

  it('stands still while it is paused', async () => {
    const { io, daemon, ended } = await monitoring();
    io.press('p');
    await waitFor(() => picture(io)[0]?.includes('paused'));
    daemon.show(status([serverStatus({ health: DOWN })]));
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(picture(io)[0]).toContain('1 healthy');
    io.press('p');
    await waitFor(() => picture(io)[0]?.includes('1 handled'));
    io.press('q');
    await ended;
  });

  it('fits any size', async () => {
    const { io, ended } = await monitoring();
    for (const size of [
      { columns: 30, rows: 6 },
      { columns: 12, rows: 1 },
      { columns: 200, rows: 60 },
    ]) {
      io.resize(size);
      const lines = picture(io);
      expect(lines).toHaveLength(size.rows);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(size.columns);
      expect(lines.join('\n')).toMatch(/✓ (?:1 healthy|context7)|✓ 1 heal…/u);
    }
    io.press('q');
    await ended;
  });

  it('says that the daemon is gone and resumes when it is back', async () => {
    const { io, paths, server, ended } = await monitoring();
    await server.close();
    await waitFor(() => picture(io)[0]?.startsWith('not reachable since'));
    await serve(paths, fakeDaemon(status([serverStatus({ name: 'other' })])));
    await waitFor(() => picture(io).join('\n').includes('other'), { what: 'the new daemon' });
    expect(picture(io)[0]).toContain('1 healthy');
    expect(picture(io).join('\n')).not.toContain('context7');
    io.press('q');
    expect(await ended).toBe(0);
  });

  it('acts after a question, and says how it went', async () => {
    const { io, daemon, ended } = await monitoring();
    io.press('r');
    await waitFor(() => picture(io).at(-1) === ' Restart context7?   y yes   any other key no');
    io.press('n');
    await waitFor(() => picture(io).at(-1)?.includes('q quit'));
    expect(daemon.asked).toEqual([]);
    for (const [key, request, said] of [
      ['r', 'restart context7', ' context7 restarts'],
      ['s', 'stop context7', ' context7 stops'],
      ['u', 'update context7', ' context7: it is no package, so it has no versions'],
      ['b', 'rollback context7', ' context7: it is no package, so it has no versions'],
    ] as const) {
      io.press(key);
      await waitFor(() => picture(io).at(-1)?.includes('y yes'));
      io.press('y');
      await waitFor(() => daemon.asked.at(-1) === request, { what: request });
      await waitFor(() => picture(io).at(-1) === said, { what: said });
    }
    io.press('q');
    await ended;
  });

  it('opens a server with its log, and comes back', async () => {
    const { io, paths, ended } = await monitoring();
    mkdirSync(paths.serverLogs, { recursive: true });
    const log = join(paths.serverLogs, 'context7.log');
    writeFileSync(log, '2026-01-01T00:00:00.000Z stderr first\n2026-01-01T00:00:01.000Z stderr second\n');
    io.press('\r');
    await waitFor(() => picture(io).some((line) => line.endsWith('stderr   second')));
    expect(picture(io)[1]).toMatch(/^‹ context7 {2}✓ running .* 1\/1 {2}\[ \] next$/u);
    expect(picture(io)[2]).toContain('@upstash/context7-mcp 4.1.1   http   pid 4242');
    appendFileSync(log, '2026-01-01T00:00:02.000Z stderr \u202Ethird\n');
    await waitFor(() => picture(io).some((line) => line.endsWith(String.raw`stderr   \u202ethird`)));
    for (const character of '/sec') io.press(character);
    io.press('\r');
    await waitFor(() => !picture(io).some((line) => line.includes('first')));
    expect(picture(io).some((line) => line.endsWith('stderr   second'))).toBe(true);
    for (const character of '\u001B[D') io.press(character);
    await waitFor(() => picture(io)[1]?.includes('SERVER'));
    io.press('q');
    await ended;
  });

  it('says how clients connect, and copies it', async () => {
    const { io, paths, ended } = await monitoring();
    mkdirSync(paths.home, { recursive: true, mode: 0o700 });
    const put = (text: string): void => writeFileSync(paths.config, text, { mode: 0o600 });
    const shows = (text: string): Promise<true> =>
      waitFor(() => picture(io).some((line) => line.includes(text)), { what: text });
    put('servers: { other: { command: [node] } }');
    io.press('c');
    await shows('the gateway has no server "context7"');
    io.press('c');
    await shows('log ─ following');
    put('servers: { context7: { command: [node] } }');
    io.press('c');
    await shows('> Codex, in ~/.codex/config.toml:');
    await shows('url = "http://127.0.0.1:9639/context7/mcp"');
    io.press('j');
    await shows('> Zed, in');
    for (const _ of ['Zed', 'Claude Desktop']) io.press('j');
    await shows('> Claude Code, run:');
    io.press('y');
    await shows('Copied the command of Claude Code');
    const command = 'claude mcp add --transport http context7 http://127.0.0.1:9639/context7/mcp';
    expect(io.stdout()).toContain(`\u001B]52;c;${Buffer.from(command).toString('base64')}\u0007`);
    io.press('q');
    await ended;
  });

  it('counts down to the next attempt without asking the daemon', async () => {
    const { io, daemon, ended } = await monitoring();
    daemon.show(
      status([serverStatus({ state: 'backoff', health: DOWN, nextAttemptAt: Date.now() + 59_900 })]),
    );
    const seen = new Set<string>();
    await waitFor(
      () => {
        const [, left] = /retry in (\d+) s/u.exec(picture(io).join('\n')) ?? [];
        if (left !== undefined) seen.add(left);
        return seen.size >= 3;
      },
      { what: 'three numbers, each a second less' },
    );
    expect(daemon.asked).toEqual([]);
    io.press('q');
    await ended;
  });

  it('does nothing while the daemon is gone', async () => {
    const { io, daemon, server, ended } = await monitoring();
    await server.close();
    await waitFor(() => picture(io)[0]?.startsWith('not reachable since'));
    io.press('r');
    await waitFor(() => picture(io).at(-1)?.includes('nothing can be done'));
    expect(daemon.asked).toEqual([]);
    io.press('q');
    await ended;
  });

  it('has nothing to show when there is no daemon to begin with', async () => {
    const io = fakeIo({ terminal, env: { MCP_WATCHDOG_HOME: missingHome().home } });
    expect(await runCli(['monitor'], io)).toBe(5);
    expect(io.stdout()).toBe('');
    expect(io.listening()).toBe(0);
  });
});

describe('monitor without a terminal', () => {
  it.each([
    ['a pipe', {}],
    ['a terminal that can do nothing', { terminal, env: { TERM: 'dumb' } }],
  ])('prints a line for each change to %s', async (_, options) => {
    const { io, daemon, ended } = await monitoring(options);
    daemon.show(status([serverStatus({ health: DOWN })]));
    await waitFor(() => io.stdout().includes('running, down'));
    io.signal('SIGINT');
    expect(await ended).toBe(0);
    expect(io.stdout().trimEnd().split('\n')).toHaveLength(2);
    expect(io.stdout()).not.toContain('\u001B[?');
  });

  it('ends with 5 when the daemon goes away', async () => {
    const { io, server, ended } = await monitoring({});
    await server.close();
    expect(await ended).toBe(5);
    expect(io.stderr()).toContain('the daemon ended the connection');
  });
});

import { describe, expect, it, onTestFinished } from 'vitest';
import { runCli } from '../../../src/cli.ts';
import { type ControlServer, startControlServer } from '../../../src/control/server.ts';
import type { Paths } from '../../../src/system/files/paths.ts';
import { type FakeDaemon, fakeDaemon } from '../../fakes/control-handlers.ts';
import { type FakeIo, type FakeIoOptions, fakeIo } from '../../fakes/io.ts';
import { DOWN, serverStatus, status } from '../../fakes/status.ts';
import { missingHome } from '../../fakes/temp-home.ts';
import { waitFor } from '../../fakes/wait-for.ts';

const terminal = { columns: 100, rows: 20 };
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

/** The last picture, without colours. */
function picture(io: FakeIo): string[] {
  // eslint-disable-next-line no-control-regex -- a terminal's language
  const [, last = ''] = /\u001B\[H((?:(?!\u001B\[H).)*)$/su.exec(io.stdout()) ?? [];
  // eslint-disable-next-line no-control-regex -- the same
  return last.replaceAll(/\u001B\[[?\d;]*[a-zA-Z]/gu, '').split('\r\n');
}

describe('monitor on a terminal', () => {
  it('shows the daemon, the table, the keys, and what happens below', async () => {
    const { io, daemon, ended } = await monitoring();
    expect(picture(io)[0]).toMatch(/^mcp-watchdog 0\.1\.0 {3}up .* {3}1 healthy {3}http:/u);
    expect(picture(io)[2]).toMatch(/^SERVER/u);
    expect(picture(io).at(-1)).toBe('q quits, p pauses');
    expect(picture(io)).toHaveLength(20);
    daemon.show(status([serverStatus({ health: DOWN })]));
    await waitFor(() => picture(io)[0]?.includes('1 handled by the watchdog'));
    expect(picture(io).join('\n')).toMatch(/^\d\d:\d\d:\d\d context7: running, down, pid 4242 \(no answer/mu);
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
    expect(picture(io).at(-1)).toBe('q quits, p resumes');
    io.press('p');
    await waitFor(() => picture(io)[0]?.includes('1 handled by the watchdog'));
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
    }
    io.press('q');
    await ended;
  });

  it('says that the daemon is gone and resumes when it is back', async () => {
    const { io, paths, server, ended } = await monitoring();
    await server.close();
    await waitFor(() => picture(io)[0]?.startsWith('No daemon since'));
    await serve(paths, fakeDaemon(status([serverStatus({ name: 'other' })])));
    await waitFor(() => picture(io).join('\n').includes('other'), { what: 'the new daemon' });
    expect(picture(io)[0]).toContain('1 healthy');
    expect(picture(io).join('\n')).toContain('context7: removed');
    io.press('q');
    expect(await ended).toBe(0);
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

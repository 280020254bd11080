import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../../src/cli.ts';
import { localTime } from '../../../src/logs/log-entry.ts';
import { type FakeIoOptions, fakeIo } from '../../fakes/io.ts';
import { missingHome, tempHome } from '../../fakes/temp-home.ts';
import { waitFor } from '../../fakes/wait-for.ts';

const at = (second: number) => `2026-01-01T00:00:0${second}.000Z`;
const shown = (second: number) => localTime(Date.parse(at(second)));
const own = (second: number, msg: string) => `${JSON.stringify({ level: 'info', time: at(second), msg })}\n`;

function logs(argv: readonly string[], { home }: { home: string }, options: FakeIoOptions = {}) {
  const io = fakeIo({ ...options, env: { MCP_WATCHDOG_HOME: home } });
  return { io, ended: runCli(['logs', ...argv], io) };
}

describe('logs --all', () => {
  it('tells everything in the order in which it happened, and by whom', async () => {
    const paths = tempHome();
    writeFileSync(paths.watchdogLog, own(1, 'Server started') + own(5, 'Server ended'));
    writeFileSync(join(paths.serverLogs, 'a.log'), `${at(2)} stderr ready\n${at(4)} stderr \u001B[31moops\n`);
    writeFileSync(join(paths.serverLogs, 'files.log'), `${at(3)} stdout hello\n`);
    const { io, ended } = logs(['--all'], paths);
    expect(await ended).toBe(0);
    expect(io.stdout().trimEnd().split('\n')).toEqual([
      `(watchdog)  ${shown(1)} info  Server started`,
      `a           ${shown(2)} stderr ready`,
      `files       ${shown(3)} stdout hello`,
      `a           ${shown(4)} stderr oops`,
      `(watchdog)  ${shown(5)} info  Server ended`,
    ]);
  });

  it('shows as many lines of all together as were asked for', async () => {
    const paths = tempHome();
    writeFileSync(paths.watchdogLog, own(1, 'one') + own(3, 'three'));
    writeFileSync(join(paths.serverLogs, 'a.log'), `${at(2)} stderr two\n`);
    const { io, ended } = logs(['-a', '-n', '2'], paths);
    await ended;
    expect(io.stdout().match(/two|three|one/gu)).toEqual(['two', 'three']);
    const none = logs(['-a', '-n', '0'], paths);
    await none.ended;
    expect(none.io.stdout()).toBe('');
  });

  it('gives each server a colour of its own where there are colours', async () => {
    const paths = tempHome();
    for (const name of ['a', 'b'])
      writeFileSync(join(paths.serverLogs, `${name}.log`), `${at(1)} stderr x\n`);
    const { io, ended } = logs(['--all'], paths, { terminal: { columns: 80, rows: 20 } });
    await ended;
    const [first, second] = io.stdout().split('\n');
    expect(first?.slice(0, 5)).not.toBe(second?.slice(0, 5));
    // eslint-disable-next-line no-control-regex -- a colour
    expect(first).toMatch(/^\u001B\[\d+ma/u);
  });

  it('goes on with new lines, and with servers that are new', async () => {
    const paths = tempHome();
    const path = join(paths.serverLogs, 'a.log');
    writeFileSync(path, `${at(1)} stderr one\n`);
    const { io, ended } = logs(['--all', '-f'], paths);
    await waitFor(() => io.stdout().includes('stderr one'));
    appendFileSync(path, `${at(2)} stderr two\n`);
    await waitFor(() => io.stdout().includes('stderr two'));
    writeFileSync(join(paths.serverLogs, 'new.log'), `${at(3)} stderr first\n${at(4)} stderr second\n`);
    await waitFor(() => io.stdout().includes('stderr second'));
    writeFileSync(paths.watchdogLog, own(5, 'Watchdog started'));
    await waitFor(() => io.stdout().includes('Watchdog started'));
    io.signal('SIGINT');
    expect(await ended).toBe(0);
    expect(io.stdout().trimEnd().split('\n')).toHaveLength(5);
    expect(io.stdout()).toContain(`new         ${shown(3)} stderr first\n`);
    expect(io.listening()).toBe(0);
  });

  it('ends when nobody reads it any more, without another line', async () => {
    const paths = tempHome();
    writeFileSync(join(paths.serverLogs, 'a.log'), `${at(1)} stderr one\n`);
    for (const argv of [
      ['--all', '-f'],
      ['a', '-f'],
    ]) {
      const { io, ended } = logs(argv, paths);
      await waitFor(() => io.stdout().includes('stderr one'));
      io.unread();
      expect(await ended).toBe(0);
      expect(io.listening()).toBe(0);
    }
  });

  it('cannot be asked for one server and for all', async () => {
    const { io, ended } = logs(['--all', 'a'], missingHome());
    expect(await ended).toBe(2);
    expect(io.stderr()).toContain('Leave out --all');
  });

  it('says when nobody has written anything yet', async () => {
    const { io, ended } = logs(['--all'], missingHome());
    expect(await ended).toBe(1);
    expect(io.stderr()).toContain('mcp-watchdog start');
  });
});

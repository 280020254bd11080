// Command `logs`: which lines it chooses, repeats, JSON, and what it refuses.
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../../src/cli.ts';
import { localTime } from '../../../src/logs/log-entry.ts';
import { type Clock, systemClock } from '../../../src/system/time/clock.ts';
import { fakeIo } from '../../fakes/io.ts';
import { tempHome } from '../../fakes/temp-home.ts';
import { waitFor } from '../../fakes/wait-for.ts';

const NOW = Date.parse('2026-01-31T21:30:00.000Z');
const MINUTE = 60_000;
const iso = (minutesAgo: number) => new Date(NOW - minutesAgo * MINUTE).toISOString();
const line = (minutesAgo: number, text: string) => `${iso(minutesAgo)} stderr ${text}\n`;
const shown = (minutesAgo: number, text: string) => `${localTime(NOW - minutesAgo * MINUTE)} ${text}`;

function home(lines: readonly string[]) {
  const paths = tempHome();
  const path = join(paths.serverLogs, 'a.log');
  writeFileSync(path, lines.join(''));
  return { ...paths, path };
}

async function logs(argv: readonly string[], { home: folder }: { home: string }) {
  const clock: Clock = { ...systemClock, now: () => NOW };
  const io = fakeIo({ clock, env: { MCP_WATCHDOG_HOME: folder } });
  const code = await runCli(['logs', ...argv], io);
  return { code, out: io.stdout(), err: io.stderr(), lines: io.stdout().trimEnd().split('\n') };
}

const three = [line(120, 'Server ready'), line(30, 'Error: no key'), line(5, 'an error again')];

describe('logs --since', () => {
  const local = (minutesAgo: number) => {
    const at = new Date(NOW - minutesAgo * MINUTE);
    return `${String(at.getHours()).padStart(2, '0')}:${String(at.getMinutes()).padStart(2, '0')}`;
  };
  it.each([
    ['10m', 1],
    ['1h', 2],
    ['1d', 3],
    [local(40), 2],
    [iso(31), 2],
    ['2026-01-31T20:00Z', 2],
    ['2026-01-31 20:00Z', 2],
    ['2026-01-29', 3],
    ['2026-02-02', 0],
  ])('%s shows only what is newer', async (since, count) => {
    const { code, out } = await logs(['a', '--since', since], home(three));
    expect(code).toBe(0);
    expect(out.split('\n').filter((one) => one !== '')).toHaveLength(count);
  });

  it('shows more lines than it would by itself, unless -n says how many', async () => {
    const paths = home(Array.from({ length: 120 }, (_, index) => line(50, `line ${index}`)));
    expect((await logs(['a'], paths)).lines).toHaveLength(50);
    expect((await logs(['a', '--since', '1h'], paths)).lines).toHaveLength(120);
    expect((await logs(['a', '--since', '1h', '-n', '3'], paths)).lines).toHaveLength(3);
  });

  it('keeps a line without a time with the line before it', async () => {
    const paths = home([line(120, 'old'), 'more of it\n', line(5, 'new'), 'more of that\n']);
    expect((await logs(['a', '--since', '1h'], paths)).lines).toEqual([
      shown(5, 'stderr new'),
      'more of that',
    ]);
  });

  it.each([
    ['soon', 'it is no duration or time, got "soon"'],
    ['10', 'it is no duration or time, got "10"'],
    ['25:00', 'it is no duration or time, got "25:00"'],
  ])('%s is refused with examples', async (since, reason) => {
    const { code, err } = await logs(['a', '--since', since], home(three));
    expect(code).toBe(2);
    expect(err).toContain(reason);
    expect(err).toContain('hint: For example --since 10m');
  });
});

describe('logs --grep', () => {
  it.each([
    ['error', 2],
    ['Error', 1],
    ['^stderr .*again$', 1],
    ['nothing', 0],
  ])('%s', async (pattern, count) => {
    const { code, out } = await logs(['a', '--grep', pattern], home(three));
    expect(code).toBe(0);
    expect(out.split('\n').filter((one) => one !== '')).toHaveLength(count);
  });

  it('refuses what is no regular expression', async () => {
    const { code, err } = await logs(['a', '--grep', '['], home(three));
    expect(code).toBe(2);
    expect(err).toMatch(/^error: Cannot read --grep <pattern>: .*\nhint: /u);
  });

  it('finds words of a fact in the daemon’s log, over all logs', async () => {
    const paths = home(three);
    const record = {
      level: 'warn',
      time: iso(10),
      server: 'a',
      message: 'error 7',
      msg: 'Server did not start',
    };
    writeFileSync(paths.watchdogLog, `${JSON.stringify(record)}\n`);
    const { lines } = await logs(['--all', '--grep', 'error', '--since', '1h'], paths);
    expect(lines).toEqual([
      `a           ${shown(30, 'stderr Error: no key')}`,
      `(watchdog)  ${shown(10, 'warn  a: Server did not start (message: error 7)')}`,
      `a           ${shown(5, 'stderr an error again')}`,
    ]);
  });
});

describe('a line that repeats', () => {
  const many = Array.from({ length: 649 }, () => line(9, 'A process left its group'));

  it('is shown once, and counted', async () => {
    const { lines } = await logs(['a', '-n', '1000'], home([...many, line(8, 'done'), line(7, 'done')]));
    expect(lines).toEqual([
      shown(9, 'stderr A process left its group'),
      shown(9, '… the same 648 times more'),
      shown(8, 'stderr done'),
      shown(7, '… the same once more'),
    ]);
  });

  it('is each there for programs', async () => {
    const { out } = await logs(['a', '-n', '1000', '--json'], home(many));
    expect(JSON.parse(out).data.lines).toHaveLength(649);
  });

  it('is counted while it is followed, when something else comes', async () => {
    const paths = home(many.slice(0, 3));
    const io = fakeIo({ env: { MCP_WATCHDOG_HOME: paths.home } });
    const ended = runCli(['logs', 'a', '-f'], io);
    await waitFor(() => io.stdout().includes('left its group'));
    appendFileSync(paths.path, line(1, 'done'));
    await waitFor(() => io.stdout().includes('done'));
    io.signal('SIGINT');
    expect(await ended).toBe(0);
    expect(io.stdout().trimEnd().split('\n')).toEqual([
      shown(9, 'stderr A process left its group'),
      shown(9, '… the same twice more'),
      shown(1, 'stderr done'),
    ]);
  });
});

describe('logs --json', () => {
  it('gives time, stream and text of each line', async () => {
    const { out } = await logs(['a', '-n', '1', '--json'], home([line(5, 'ready\u001B[2J')]));
    expect(JSON.parse(out)).toEqual({
      version: 1,
      ok: true,
      data: {
        lines: [
          { server: 'a', at: NOW - 5 * MINUTE, stream: 'stderr', level: null, text: 'ready', facts: {} },
        ],
      },
    });
  });

  it('prints one object a line while it follows, only those that are wanted', async () => {
    const paths = home(three);
    const io = fakeIo({ env: { MCP_WATCHDOG_HOME: paths.home } });
    const ended = runCli(['logs', 'a', '-f', '--json', '--grep', 'again'], io);
    await waitFor(() => io.stdout().includes('an error again'));
    appendFileSync(paths.path, line(1, 'other') + line(0, 'and again'));
    await waitFor(() => io.stdout().includes('and again'));
    io.signal('SIGINT');
    expect(await ended).toBe(0);
    const texts = io
      .stdout()
      .trimEnd()
      .split('\n')
      .map((one) => JSON.parse(one).text);
    expect(texts).toEqual(['an error again', 'and again']);
  });
});

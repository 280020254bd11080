// `monitor` in a real terminal, tmux, at three sizes: what is wrong is readable, keys act, and the terminal is given back.
import { execFileSync, spawnSync } from 'node:child_process';
import { describe, onTestFinished, test } from 'vitest';
import { requireProgram } from '../fakes/require-program.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { CLI, fixture, type RunningDaemon, startDaemon } from './daemon.ts';

interface Terminal {
  /** Lines on the screen. */
  screen(): string[];
  keys(...keys: readonly string[]): void;
  resize(columns: number, rows: number): void;
  /** What a program put into the clipboard; empty for nothing. */
  clipboard(): string;
}

function openTerminal(daemon: RunningDaemon, [columns, rows]: readonly [number, number]): Terminal {
  const socket = `monitor-${process.pid}-${columns}-${rows}`;
  const tmux = (...argv: readonly string[]): string =>
    execFileSync('tmux', ['-L', socket, ...argv], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    });
  const command = `LC_ALL=C.UTF-8 '${process.execPath}' '${CLI}' --home '${daemon.home}' monitor; echo "it ended with $?"; exec sleep 300`;
  tmux('-f', '/dev/null', 'new-session', '-d', '-x', String(columns), '-y', String(rows), command);
  onTestFinished(() => void spawnSync('tmux', ['-L', socket, 'kill-server']));
  tmux('set', '-s', 'set-clipboard', 'on');
  return {
    screen: () => tmux('capture-pane', '-p').split('\n').slice(0, -1),
    keys: (...keys) => void tmux('send-keys', ...keys),
    resize: (width, height) => void tmux('resize-window', '-x', String(width), '-y', String(height)),
    clipboard: () => spawnSync('tmux', ['-L', socket, 'show-buffer'], { encoding: 'utf8' }).stdout,
  };
}

describe.skipIf(!requireProgram('tmux'))('monitor in a terminal', { timeout: 240_000 }, () => {
  test.each([
    [80, 24],
    [120, 40],
    [40, 20],
  ] as const)('at %i×%i it says what is wrong, acts, and gives the terminal back', async (columns, rows) => {
    const daemon = await startDaemon({
      // Probes that a busy machine misses are not what is looked at.
      good: fixture([], { probe: { interval: '500ms', timeout: '5s', failures: 9 } }),
      'a-server-with-a-long-name': { command: ['mcp-that-is-nowhere'] },
    });
    const { run } = await daemon.up('good');
    const terminal = openTerminal(daemon, [columns, rows]);
    const shows = (pattern: RegExp): Promise<true> =>
      waitFor(() => terminal.screen().some((line) => pattern.test(line)), {
        timeout: 60_000,
        what: `${pattern} on the screen:\n${terminal.screen().join('\n')}`,
      });
    await shows(/✗ 1 needs you/u);
    await shows(/^>✗ a-serv\S+ +(?:backoff|starting|needs attention)/u);
    await shows(/^ ✓ good +running/u);
    terminal.keys('j');
    await shows(/^>✓ good/u);
    terminal.keys('r');
    await shows(/Restart good\?/u);
    terminal.keys('y');
    await daemon.until('good', 'another run', (one) => one.run > run && one.state === 'running', 60_000);
    terminal.keys('c');
    await shows(/^> Codex, in/u);
    terminal.keys('y');
    const { snippets } = JSON.parse(daemon.run('connect', 'good', '--print', 'codex', '--json').out).data;
    await waitFor(() => terminal.clipboard() === snippets[0].text, { what: 'the copied snippet' });
    terminal.keys('Escape');
    await shows(/log ─ following/u);
    terminal.keys('Escape');
    await shows(/SERVER +STATE/u);
    terminal.keys('k');
    await shows(/^>✗ a-serv/u);
    await shows(/retry (?:in \d+ (?:s|min)|now)/u);
    terminal.keys('j');
    await shows(/^>✓ good/u);
    terminal.keys('Enter');
    await shows(/^‹ good/u);
    await shows(/log ─ following/u);
    terminal.keys('Escape');
    await shows(/SERVER +STATE/u);
    terminal.resize(60, 15);
    await waitFor(() => terminal.screen().length === 15);
    await shows(/✗ 1 needs you.*✓ 1/u);
    terminal.keys('q');
    await shows(/^it ended with 0$/u);
  });
});

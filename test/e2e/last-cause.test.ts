// Last cause of a failure: told to the person at the terminal and in alerts, and never to every process of the machine.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { fixture, QUICK_ALERTS, startDaemon } from './daemon.ts';

const RESTART = {
  restart: { initialDelay: '50ms', maxDelay: '100ms', budget: [{ restarts: 2, within: '1m' }] },
};
const TOKEN_LINE = 'Please provide a personal access token for Jane';

/** Says in its first line what it lacks, then dies with a stack of fifty lines. */
const WANTS_TOKEN = `
console.error(${JSON.stringify(TOKEN_LINE)});
console.error('Error: cannot start\\n' + Array.from({ length: 50 }, (_, n) => '    at step' + n + ' (/srv/index.js:1:1)').join('\\n'));
process.exitCode = 1;
`;

test('a server that was written for an older SDK is told how to go on', { timeout: 90_000 }, async () => {
  const end = `echo "ModuleNotFoundError: No module named 'mcp.server.fastmcp'" >&2; exit 1`;
  const daemon = await startDaemon({ older: { command: ['/bin/sh', '-c', end], ...RESTART } });
  const isGivenUp = ({ state }: { state: string }) => state === 'crash_looping';
  const { lastFailure } = await daemon.until('older', 'the end of its budget', isGivenUp, 60_000);
  expect(lastFailure?.hint).toMatch(/^It was written for the MCP SDK 1: install "mcp<2" /u);
  expect(daemon.run('status').out).toContain('It was written for the MCP SDK 1: install "mcp<2"');
});

test('a server whose answers are none is told what came instead', { timeout: 120_000 }, async () => {
  const modes = { id: 'wrong-id', result: 'null-result' };
  const servers = Object.entries(modes).map(
    ([name, mode]) =>
      [name, fixture(['--behaviour', mode], { start: { timeout: '8s' }, ...RESTART })] as const,
  );
  const daemon = await startDaemon(Object.fromEntries(servers));
  const hasFailed = ({ lastFailure }: { lastFailure: unknown }) => lastFailure !== null;
  for (const name of Object.keys(modes)) await daemon.until(name, 'a failed start', hasFailed, 90_000);
  const { out } = daemon.run('status');
  expect(out).toContain('It answered initialize, but to id 7, which nobody asked');
  expect(out).toContain('It answered initialize without a result');
});

test(
  'a server that cannot work says why, wherever a person looks, and nowhere else',
  { timeout: 180_000 },
  async () => {
    const { home } = tempHome();
    const script = `${home}/wants-token.mjs`;
    writeFileSync(script, WANTS_TOKEN);
    const daemon = await startDaemon(
      {
        token: { command: [process.execPath, script], ...RESTART },
        // On a busy machine it is some time before it answers anything.
        refuses: fixture(['--behaviour', 'refuse'], { start: { timeout: '8s' }, ...RESTART }),
        absent: { command: ['no-such-mcp-server'] },
      },
      { home, more: QUICK_ALERTS },
    );
    await daemon.until('token', 'the end of its budget', ({ state }) => state === 'crash_looping', 90_000);
    const refused = await daemon.until(
      'refuses',
      'a failed start',
      ({ lastFailure }) => lastFailure !== null,
      90_000,
    );
    const absent = await daemon.until('absent', 'a failed start', ({ lastFailure }) => lastFailure !== null);
    const log = `${home}/logs/alerts.log`;
    await waitFor(() => existsSync(log) && readFileSync(log, 'utf8').includes(' McpServerGaveUp token: '), {
      timeout: 60_000,
      what: 'the alert',
    });

    const table = daemon.run('status').out;
    expect(table).toContain(`exited with code 1 before it was ready: “${TOKEN_LINE}”`);
    expect(table).toContain('The answer to initialize was -32603: “');
    expect(daemon.run('status', 'token').out).toContain(TOKEN_LINE);
    expect(daemon.run('check', 'token').out).toContain(TOKEN_LINE);
    expect(readFileSync(log, 'utf8')).toContain(
      `fails again and again: exited with code 1 before it was ready: “${TOKEN_LINE}”`,
    );

    expect(refused.lastFailure).toMatchObject({
      code: 'NOT_READY_IN_TIME',
      cause: 'The answer to initialize was -32603',
    });
    expect(absent.lastFailure?.cause).toBe('its program no-such-mcp-server was not found on the PATH');
    const open = ['/', '/api/v1/status', '/api/v1/alerts', '/api/v1/rules', '/metrics'];
    for (const path of open) {
      const text = await (await fetch(`${daemon.url}${path}`)).text();
      expect([path, text.includes('Jane')]).toEqual([path, false]);
    }
  },
);

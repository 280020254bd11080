import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { statusTable } from '../../../src/commands/views/status-table.ts';
import { widthOf } from '../../../src/commands/views/style.ts';
import { NO_HISTORY } from '../../../src/core/model/status.ts';
import { DOWN, MINUTE, NOW, serverStatus, status } from '../../fakes/status.ts';

const wide = { width: 200, colour: false, now: NOW };
const failure = {
  at: NOW,
  code: 'OFFLINE',
  message: 'Cannot install x: no network',
  hint: 'connect',
  retry: 'backoff',
} as const;
describe('statusTable()', () => {
  it('is in the order of what needs somebody on a terminal, and of the config in a pipe', () => {
    const lost = serverStatus({ name: 'lost', state: 'crash_looping', health: DOWN });
    const names = (width: number): string[] =>
      statusTable(status([serverStatus(), lost]), { width, colour: false, now: NOW })
        .filter((line) => /crash looping|running/u.test(line))
        .map((line) => line.split(' ')[0] ?? '');
    expect([names(120), names(Infinity)]).toEqual([
      ['lost', 'context7'],
      ['context7', 'lost'],
    ]);
  });

  it('cuts a long name in its middle before a column leaves, and nothing in a pipe', () => {
    const name = `a-very-long-name-${'x'.repeat(40)}-0001`;
    const long = serverStatus({ name, state: 'backoff', health: DOWN });
    const row = (width: number): string =>
      statusTable(status([long]), { width, colour: false, now: NOW }).find((line) => line.includes('0001')) ??
      '';
    expect(row(80)).toMatch(/^a-very-\S*…\S*-0001 +backoff +down/u);
    expect(row(40)).toMatch(/…\S*0001 +backoff/u);
    expect(row(Infinity)).toContain(`${name}  backoff`);
  });

  it('shows one row per server with everything that matters', () => {
    const restarted = serverStatus({
      restarts: { ...NO_HISTORY.restarts, signal: 2 },
      lastRestart: { at: NOW - 3 * MINUTE, reason: 'signal', detail: 'SIGKILL' },
    });
    expect(statusTable(status([restarted]), wide)).toEqual([
      'SERVER    STATE    HEALTH  VERSION   PID  UPTIME    CPU   MEMORY  RESTARTS   PROBE  LAST REASON',
      'context7  running  up      4.1.1    4242  1h 30m  3.4 %  117 MiB         2  3.4 ms  restarted 3 min ago: signal SIGKILL',
    ]);
  });

  it('says below what is wrong and how to cure it', () => {
    const broken = serverStatus({
      name: 'files',
      state: 'backoff',
      pid: null,
      startedAt: null,
      usage: null,
      nextAttemptAt: NOW + 12_000,
      health: { ...DOWN, up: null },
      lastFailure: failure,
    });
    const lines = statusTable(status([serverStatus(), broken]), wide);
    // The worst first.
    expect(lines[1]).toContain('Cannot install x: no network; next attempt in 12 s');
    expect(lines.slice(3)).toEqual(['', 'hint: files: connect']);
  });

  it('points to the detail where there is no better hint', () => {
    const lines = statusTable(status([serverStatus({ health: DOWN })]), wide);
    expect(lines.at(-1)).toBe('hint: context7: mcp-watchdog status context7 shows more');
  });

  it('shows a cure whole on a narrow terminal, and each state as the verdict has it', () => {
    const refused = serverStatus({
      name: 'company-search',
      health: { ...DOWN, up: true, unauthorized: true },
    });
    const lines = statusTable(status([refused, serverStatus()]), { ...wide, width: 40 });
    expect(lines[1]).toMatch(/^company-search +unauthorized/u);
    expect(lines[2]).toMatch(/^context7 +running/u);
    expect(lines.slice(4)).toEqual([
      'hint: company-search: give it a valid',
      'credential below servers.company-search',
    ]);
  });

  it('has no hint about a server that only starts', () => {
    const starting = serverStatus({ state: 'starting', health: { ...DOWN, up: null }, lastFailure: null });
    expect(statusTable(status([starting]), wide)).toHaveLength(2);
  });

  it('says what to do when there are no servers', () => {
    expect(statusTable(status([]), wide)).toEqual([
      'No servers are configured: add one to /home/ada/.mcp-watchdog/config.yaml',
    ]);
  });

  it('does not take a daemon that is still starting for one without servers', () => {
    const none = status([]);
    const config = { ...none.daemon.config, ok: false, error: null, loadedAt: null };
    expect(statusTable({ ...none, daemon: { ...none.daemon, config } }, wide)).toEqual([
      'The watchdog is still starting: it has not read its config yet',
    ]);
  });

  it('says what of the gateway fails, and the cure', () => {
    const troubles = [
      { message: 'Cannot listen on 127.0.0.1:9639: process 7 has that port', hint: 'End it' },
      { message: 'Cannot open its socket', hint: null },
    ];
    expect(statusTable(status([], { gateway: { url: null, troubles } }), wide).slice(0, 2)).toEqual([
      'Cannot listen on 127.0.0.1:9639: process 7 has that port (End it)',
      'Cannot open its socket',
    ]);
  });

  it('warns of a refused config and of a brake, not of a config that is still to be read', () => {
    const config = { path: 'c', ok: false, error: 'line 3 is wrong', loadedAt: NOW };
    expect(statusTable(status([], { config, braked: true }), wide).slice(0, 2)).toEqual([
      'The config was not taken over, the old one stays: line 3 is wrong',
      'All servers failed at once: restarts for failed probes are on hold',
    ]);
    const path = `/private/var/${'folders/'.repeat(9)}config.yaml`;
    const refused = { ...config, path, error: `Cannot use ${path}: config.yaml:7: nme: is not known` };
    const [first] = statusTable(status([], { config: refused }), { ...wide, width: 100 });
    expect(first).toMatch(
      /^The config was not taken over, the old one stays: config\.yaml:7: nme: is not known \(\/private.*…$/u,
    );
    expect(
      statusTable(status([], { config: { ...config, error: null, loadedAt: null } }), wide),
    ).toHaveLength(1);
  });

  it('tells in one line which alerts fire, and for how long', () => {
    const alert = (about: string | null) => ({
      name: 'McpServerGaveUp',
      about,
      severity: 'critical' as const,
      since: NOW - 3 * MINUTE,
      summary: 'x',
    });
    const lineOf = (...about: (string | null)[]) =>
      statusTable(status([], { alerts: about.map(alert) }), wide)[0];
    expect(lineOf('files')).toBe('1 alert: files McpServerGaveUp (critical, 3 min)');
    expect(lineOf('a', null, 'c', 'd', 'e')).toBe(
      '5 alerts: a McpServerGaveUp (critical, 3 min), c McpServerGaveUp (critical, 3 min), d McpServerGaveUp (critical, 3 min), and 2 more',
    );
  });

  it('tells who delivers alerts, where anybody else is expected to', () => {
    const { delivery } = status().daemon;
    const lastLine = (change: Partial<typeof delivery>) =>
      statusTable(status([serverStatus()], { delivery: { ...delivery, ...change } }), wide).at(-1);
    expect(lastLine({ owner: 'engine' })).toBe('Alerts are delivered by Prometheus and Alertmanager');
    expect(lastLine({ reasons: ['Alertmanager is not ready'] })).toBe(
      'Alerts are delivered by the watchdog: Alertmanager is not ready',
    );
    for (const reasons of [[], ['no Prometheus and no Alertmanager is known']])
      expect(lastLine({ reasons })).not.toContain('delivered');
  });

  it('gives up columns in an agreed order as the terminal gets narrower, name and state last', () => {
    const server = serverStatus({
      lastRestart: { at: NOW - 3 * MINUTE, reason: 'signal', detail: 'SIGKILL' },
    });
    const titles = (width: number) =>
      statusTable(status([server]), { ...wide, width })[0]?.split(/ {2,}| (?=[A-Z]+ )/u) ?? [];
    expect(titles(90)).not.toContain('PROBE');
    expect(titles(90)).toContain('MEMORY');
    expect(titles(60)).toEqual(['SERVER', 'STATE', 'HEALTH', 'MEMORY', 'LAST REASON']);
    expect(titles(28)).toEqual(['SERVER', 'STATE', 'HEALTH']);
    expect(titles(18)).toEqual(['SERVER', 'STATE']);
  });

  it('never writes a line wider than the terminal, nor a control character', () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 });
    fc.assert(
      fc.property(
        text,
        text,
        fc.integer({ min: 12, max: 160 }),
        fc.boolean(),
        (version, detail, width, colour) => {
          const server = serverStatus({
            version,
            health: { ...DOWN, detail },
            lastFailure: { ...failure, hint: detail },
          });
          for (const line of statusTable(status([server]), { width, colour, now: NOW })) {
            // eslint-disable-next-line no-control-regex -- our own colours
            const bare = line.replaceAll(/\u001B\[\d+m/gu, '');
            expect(widthOf(bare)).toBeLessThanOrEqual(width);
            // eslint-disable-next-line no-control-regex -- what must not be there
            expect(bare).not.toMatch(/[\u0000-\u0008\u000A-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/u);
          }
        },
      ),
    );
  });

  it('colours by state', () => {
    const lines = statusTable(status([serverStatus({ state: 'crash_looping' })]), { ...wide, colour: true });
    expect(lines[1]).toContain('\u001B[31mcrash looping');
  });
});

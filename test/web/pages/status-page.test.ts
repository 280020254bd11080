import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Html, html } from '../../../src/web/pages/html.ts';
import { renderMissingPage } from '../../../src/web/pages/document.ts';
import { renderStatusPage } from '../../../src/web/pages/status-page.ts';
import { STYLE, STYLE_SOURCE } from '../../../src/web/pages/style.ts';
import { MINUTE, NOW, serverStatus, status } from '../../fakes/status.ts';

const UNKNOWN = { up: null, suspect: false, unauthorized: false, consecutiveFailures: 0, detail: null };
const TAGS =
  'a body footer h1 head html li link main meta nav p span style table tbody td th thead title tr ul div'.split(
    ' ',
  );

/** Every tag with its attributes, as a browser would see them begin. */
function tagsOf(page: string): string[] {
  return page.replace(STYLE, '').match(/<[a-z!/][^>]*>/gi) ?? [];
}

describe('the status page', () => {
  test('shows each server: state, health, version, process, use and restarts', () => {
    const restarts = { ...serverStatus().restarts, signal: 2, probe: 1 };
    const page = renderStatusPage(status([serverStatus({ restarts })]), NOW);
    for (const text of [
      'context7',
      '@upstash/context7-mcp',
      '>running<',
      '>up<',
      '2 tools',
      '>4.1.1<',
      '>4242<',
      '>1h 30m<',
      '>117 MiB<',
      '>3.4 %<',
      '>3<',
      'The server is healthy',
    ]) {
      expect(page).toContain(text);
    }
  });

  test('shows what is wrong and what comes next', () => {
    const broken = serverStatus({
      state: 'crash_looping',
      health: UNKNOWN,
      pid: null,
      startedAt: null,
      usage: null,
      nextAttemptAt: NOW + 4 * MINUTE,
      lastExit: { at: NOW, code: 1, signal: null },
    });
    const page = renderStatusPage(status([serverStatus(), broken]), NOW);
    expect(page).toContain('1 needs you, 1 healthy');
    expect(page).toContain('crash looping');
    expect(page).toContain('exited with code 1; next attempt in 4 min');
  });

  test('tells of the last restart of a healthy server', () => {
    const lastRestart = { at: NOW - 42_000, reason: 'start_timeout' as const, detail: null };
    expect(renderStatusPage(status([serverStatus({ lastRestart })]), NOW)).toContain(
      'restarted 42 s ago: start timeout',
    );
  });

  test('counts a task that completed as well, and says why it does not run', () => {
    const done = serverStatus({ state: 'stopped', stoppedBecause: 'completed', health: UNKNOWN, pid: null });
    const page = renderStatusPage(status([done]), NOW);
    expect(page).toContain('The server is healthy');
    expect(page).toContain('>completed<');
    expect(renderStatusPage(status([{ ...done, stoppedBecause: 'prevented' }]), NOW)).toContain(
      '1 needs you',
    );
  });

  test('says who delivers alerts, and why', () => {
    const { delivery } = status().daemon;
    const page = (change: Partial<typeof delivery>): string =>
      renderStatusPage(status([], { delivery: { ...delivery, ...change } }), NOW);
    expect(page({ owner: 'engine' })).toContain('Alerts are delivered by Prometheus and Alertmanager.');
    expect(page({ reasons: ['Alertmanager is <b>not</b> ready'] })).toContain(
      'Alerts are delivered by the watchdog: Alertmanager is &lt;b&gt;not&lt;/b&gt; ready.',
    );
  });

  test('says when the config was refused, when the brake is on, and when there is no server', () => {
    const config = { path: '/x', ok: false, error: 'line 3: unknown key "servrs"', loadedAt: NOW };
    const page = renderStatusPage(status([], { config, braked: true }), NOW);
    expect(page).toContain('line 3: unknown key &quot;servrs&quot;');
    expect(page).toContain('restarts by probes are held back');
    expect(page).toContain('No server is configured');
  });

  test('loads nothing from elsewhere, runs no script, and applies only its own style', () => {
    const page = renderStatusPage(status(), NOW);
    expect(page).not.toMatch(/<script|\son\w+=|style=|src=|https?:/);
    expect(page).toContain(`<style>${STYLE}</style>`);
    expect(STYLE_SOURCE).toMatch(/^'sha256-[\w+/]{43}='$/);
    expect(page).toContain('<meta http-equiv="refresh" content="5" />');
    expect(renderMissingPage()).not.toContain('refresh');
  });

  test('cannot be given markup by a server, whatever it writes', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '<script>alert(1)</script>',
        '"><img src=x onerror=alert(1)>',
        '</style><b>',
        "' onclick='x",
      ),
    );
    const plain = tagsOf(
      renderStatusPage(
        status([serverStatus()], { config: { path: '/x', ok: false, error: 'x', loadedAt: null } }),
        NOW,
      ),
    );
    fc.assert(
      fc.property(hostile, hostile, hostile, (note, version, error) => {
        const server = serverStatus({ note, version, package: version, name: note });
        const config = { path: '/x', ok: false, error, loadedAt: null };
        const page = renderStatusPage(status([server], { config, home: note, version: error }), NOW);
        expect(tagsOf(page)).toEqual(plain);
      }),
    );
  });

  test('uses only the tags that it means to', () => {
    const names = tagsOf(renderStatusPage(status(), NOW)).map((tag) => /[a-z][a-z0-9]*/i.exec(tag)?.[0]);
    for (const name of names) expect([...TAGS, 'doctype']).toContain(name);
  });
});

describe('html', () => {
  test('escapes text, also in a list, and leaves markup as it is', () => {
    const inner = html`<b>${'<&">'}</b>`;
    expect(html`<p title="${`"'`}">${[inner, ' ', 1, null, 'a<b']}</p>`.markup).toBe(
      '<p title="&quot;&#39;"><b>&lt;&amp;&quot;&gt;</b> 1a&lt;b</p>',
    );
    expect(inner).toBeInstanceOf(Html);
  });
});

test('the alerts that fire are told, and what they say cannot become markup', () => {
  const alert = { name: 'McpServerDown', about: 'a', severity: 'critical', since: NOW - MINUTE } as const;
  const page = renderStatusPage(status([], { alerts: [{ ...alert, summary: '<b>a</b> is down' }] }), NOW);
  expect(page.replaceAll(/\s+/g, ' ')).toContain(
    '<span class="mark bad">critical</span> &lt;b&gt;a&lt;/b&gt; is down',
  );
  expect(page).toContain('McpServerDown, for 1 min');
  const runbook = 'http://127.0.0.1:9638/runbooks/McpServerDown';
  const linked = renderStatusPage(status([], { alerts: [{ ...alert, summary: 'x', runbook }] }), NOW);
  expect(linked).toContain(`<a href="${runbook}">McpServerDown</a>, for 1 min`);
  expect(renderStatusPage(status([]), NOW)).not.toContain('class="alerts"');
});

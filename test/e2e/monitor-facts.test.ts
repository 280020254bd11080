// Facts that `monitor` draws, from a daemon that is there: what the next missed probe leads to, and alerts that are pending.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Client, connect } from '../../src/control/client.ts';
import type { PageView } from '../../src/control/protocol.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { fixture, startDaemon } from './daemon.ts';

const FAILURES = 60;
const PROBE = { interval: '500ms', timeout: '1s', failures: FAILURES };

/** One that holds, and one that does not. */
const RULES = `
groups:
  - name: own
    rules:
      - alert: OwnPending
        expr: mcp_watchdog_servers_configured > 0
        for: 1h
      - alert: OwnQuiet
        expr: mcp_watchdog_servers_configured > 1000
        for: 1h
`;

async function viewThat(client: Client, what: string, holds: (view: PageView) => boolean): Promise<PageView> {
  let view: PageView | null = null;
  await waitFor(
    async () => {
      view = await client.request('view', {});
      return holds(view);
    },
    { timeout: 60_000, what },
  );
  if (view === null) throw new Error('There is no view');
  return view;
}

test(
  'tells what misses lead to, until the next answer, and counts what is pending',
  { timeout: 240_000 },
  async () => {
    const { home } = tempHome();
    writeFileSync(join(home, 'own.yml'), RULES);
    const daemon = await startDaemon(
      {
        restarted: fixture([], { probe: PROBE }),
        reported: fixture([], { probe: { ...PROBE, onFailure: 'report' } }),
        calm: fixture([], { probe: { ...PROBE, timeout: '30s' } }),
      },
      {
        home,
        more: { alerts: { notify: [], builtIn: false, rules: ['own.yml'], evaluateEvery: '1s' } },
      },
    );
    const pids = await Promise.all(
      ['restarted', 'reported', 'calm'].map(async (name) => (await daemon.up(name)).pid ?? 0),
    );
    const client = await connect(join(home, 'run', 'control.sock'));
    onTestFinished(() => client.close());
    const before = await viewThat(
      client,
      'an alert to be pending',
      ({ pendingAlerts }) => pendingAlerts === 1,
    );
    expect(before.misses['calm']).toBeUndefined();

    const began = Date.now();
    const hung = pids.slice(0, 2);
    for (const pid of hung) process.kill(pid, 'SIGSTOP');
    const { misses, pendingAlerts } = await viewThat(
      client,
      'both to have missed probes',
      (view) => view.misses['restarted'] !== undefined && view.misses['reported'] !== undefined,
    );
    expect(pendingAlerts).toBe(1);
    expect(misses).toMatchObject({ restarted: { restarts: true }, reported: { restarts: false } });
    expect(Object.keys(misses).toSorted()).toEqual(['reported', 'restarted']);
    for (const { left, until } of Object.values(misses)) {
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThan(FAILURES);
      // Each of those that are left takes half a second at least.
      expect(until).toBeGreaterThan(began + left * 500 - 1);
    }
    const { left } = misses['restarted'] ?? { left: 0 };
    await viewThat(client, 'fewer to be left', (view) => (view.misses['restarted']?.left ?? FAILURES) < left);

    for (const pid of hung) process.kill(pid, 'SIGCONT');
    await viewThat(client, 'nothing to be missed', (view) => Object.keys(view.misses).length === 0);
    expect((await daemon.server('restarted')).run).toBe(1);
  },
);

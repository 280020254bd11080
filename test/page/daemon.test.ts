// The page beside a real daemon: it is killed under an open tab and started again, and somebody signs in and acts.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixture, freePort, startDaemon } from '../e2e/daemon.ts';
import { hasChromium, PATIENCE, openTab, startChromium, until } from './chromium.ts';

const SERVERS = {
  // Probes that a busy machine misses are not what is looked at.
  files: fixture(['--tools', '3'], { probe: { interval: '500ms', timeout: '5s', failures: 9 } }),
  broken: { command: [process.execPath, '-e', "console.error('<b>no key</b>'); process.exit(3)"] },
};

describe.skipIf(!hasChromium)('a tab beside a real daemon', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium();
  }, PATIENCE);
  afterAll(() => browser.close());

  test(
    'shows it, outlives it, and is signed in by its link to read the log and to restart a server',
    async () => {
      const more = { metrics: { listen: `127.0.0.1:${await freePort()}` } };
      const first = await startDaemon(SERVERS, { more });
      await first.up('files');
      const { page, complaints, context } = await openTab(browser);
      await page.goto(`${first.url}/`);
      const row = page.locator('.healthy .row', { hasText: 'files' });
      await row.waitFor();
      await page.locator('.row', { hasText: 'broken' }).waitFor();
      await page.evaluate('window.isSamePage = true');
      // What it printed is only for who is signed in.
      await page.evaluate("location.hash = '#/server/broken'");
      await page.locator('.timeline').waitFor();
      expect(await page.locator('main').innerText()).not.toContain('no key');
      expect(complaints).toEqual([]);

      await first.stop('SIGKILL');
      await page.locator('.banner').waitFor();
      const second = await startDaemon(SERVERS, { home: first.home, more });
      await page.locator('.live:not(.gone)').waitFor();
      await until(() => page.locator('.banner').count()).toBe(0);
      expect(await page.evaluate('window.isSamePage')).toBe(true);
      await second.up('files');
      complaints.length = 0;

      const link = /http\S+/u.exec(second.run('open', '--print').out)?.[0] ?? '';
      await page.goto(link);
      await until(() => page.locator('.note').innerText()).toContain('Signed in');
      await page.evaluate("location.hash = '#/server/broken'");
      await until(() => page.locator('main').innerText(), { timeout: 40_000 }).toContain('<b>no key</b>');
      await until(() => page.locator('.log').innerText(), { timeout: 40_000 }).toContain('<b>no key</b>');
      const { pid } = await second.server('files');
      await page.evaluate("location.hash = '#/server/files'");
      await page.getByRole('button', { name: 'Restart', exact: true }).click();
      await page.locator('dialog').getByRole('button', { name: 'Restart', exact: true }).click();
      await second.until('files', 'restarted', (server) => server.pid !== null && server.pid !== pid);
      await page.evaluate("location.hash = '#/query?g=mcp_watchdog_server_up'");
      await page.locator('.result tbody tr').first().waitFor({ timeout: 40_000 });
      for (const hash of ['#/alerts', '#/events', '#/'])
        await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
      await page.locator('.row').first().waitFor();
      expect(complaints).toEqual([]);
      await context.close();
    },
    2 * PATIENCE,
  );
});

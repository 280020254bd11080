// `npm run screenshots`: draws docs/images/page-*.png, each view of the page on a story that was made up.
// Needs chromium and dist/; with pngquant the images are half as large. `npm run screenshots [name…]`.
import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { openStage } from '../test/fixtures/page/stage.mjs';
import { tellStory } from '../test/fixtures/page/story.mjs';
import { root, say } from './setup.mjs';

/** A Sunday evening. */
const NOW = Date.UTC(2026, 10, 29, 18, 42, 10);
/** Bytes below which an image of a page stays. */
const LARGEST = 200_000;

const SHOTS = [
  { name: 'overview-light', hash: '#/', height: 970 },
  { name: 'overview-dark', hash: '#/', height: 970, theme: 'dark' },
  { name: 'server-light', hash: '#/server/github', height: 1600, isSignedIn: true },
  { name: 'server-dark', hash: '#/server/github', height: 1600, theme: 'dark', isSignedIn: true },
  { name: 'trouble-dark', hash: '#/server/postgres', height: 620, theme: 'dark', isSignedIn: true },
  { name: 'alerts-dark', hash: '#/alerts', width: 1366, height: 800, theme: 'dark', opens: 'summary' },
  { name: 'events-light', hash: '#/events', width: 1366, height: 800 },
  { name: 'query-dark', hash: '#/query', height: 880, theme: 'dark' },
  { name: 'phone-light', hash: '#/', width: 390, height: 1500 },
  { name: 'gone-dark', hash: '#/', width: 1366, height: 800, theme: 'dark', isGone: true },
  { name: 'empty-light', hash: '#/', width: 1366, height: 480, count: 0 },
];

const wanted = process.argv.slice(2);
const folder = join(root, 'docs', 'images');
mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
for (const shot of SHOTS.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) await draw(shot);
await browser.close();

async function draw({ name, hash, width = 1600, height, theme = 'light', count, isSignedIn, isGone, opens }) {
  const stage = await openStage(tellStory({ now: NOW, count }));
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    timezoneId: 'UTC',
  });
  if (isSignedIn) await context.addInitScript("sessionStorage.setItem('mcp-watchdog-key', 'stage-key')");
  const page = await context.newPage();
  await page.clock.install({ time: NOW });
  await page.goto(`${stage.url}${hash}`);
  await page.locator('footer').waitFor();
  // Charts come with modules and answers of their own.
  await page.waitForLoadState('load').catch(() => {});
  await page.waitForTimeout(1500);
  if (opens !== undefined) await page.locator(opens).first().click();
  if (isGone) {
    await stage.close();
    await page.locator('.banner').waitFor();
  }
  await page.waitForTimeout(300);
  const path = join(folder, `page-${name}.png`);
  await page.screenshot({ path, animations: 'disabled' });
  await context.close();
  if (!isGone) await stage.close();
  spawnSync('pngquant', ['--force', '--skip-if-larger', '--speed=1', '--output', path, '--', path]);
  const { size } = statSync(path);
  say(`wrote docs/images/page-${name}.png (${Math.round(size / 1000)} kB)`);
  if (size > LARGEST) say(`page-${name}.png is larger than ${LARGEST / 1000} kB`);
}

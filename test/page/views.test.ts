// Every view in a real browser: three widths, both themes, with none, a dozen and two hundred servers.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openStage, type Stage } from '../fixtures/page/stage.mjs';
import { tellStory } from '../fixtures/page/story.mjs';
import {
  findViolations,
  hasChromium,
  PATIENCE,
  openTab,
  overhang,
  startChromium,
  until,
  type Tab,
} from './chromium.ts';

vi.setConfig({ testTimeout: PATIENCE, hookTimeout: PATIENCE });

const COUNTS = [0, 12, 200] as const;
const WIDTHS = [390, 1366, 3840] as const;
const THEMES = ['light', 'dark'] as const;
/** What each view shows once it is there. */
const VIEWS = [
  { view: 'overview', hash: '#/', shows: 'h1:not(.loading)' },
  { view: 'one server', hash: '#/server/github', shows: '.timeline, .verdict' },
  { view: 'a server in trouble', hash: '#/server/postgres', shows: '.failure, .verdict' },
  { view: 'alerts', hash: '#/alerts', shows: '.trouble, .card' },
  { view: 'events', hash: '#/events', shows: '.events, .card' },
  { view: 'query', hash: '#/query', shows: '.chips' },
] as const;

/** Views that differ where there is no server. */
const EMPTY_VIEWS: readonly string[] = ['overview', 'alerts'];

describe.skipIf(!hasChromium).each(COUNTS)('with %i servers', (count) => {
  let browser: Browser;
  let stage: Stage;
  let tab: Tab;

  beforeAll(async () => {
    [browser, stage] = await Promise.all([startChromium(), openStage(tellStory({ now: Date.now(), count }))]);
    tab = await openTab(browser, { isSignedIn: true });
    await tab.page.goto(stage.url);
  });
  afterAll(async () => {
    await browser.close();
    await stage.close();
  });

  test.each(VIEWS)('$view fits at every width in both themes, and nothing complains', async (view) => {
    const { page, complaints } = tab;
    await page.evaluate(`location.hash = ${JSON.stringify(view.hash)}`);
    await page.locator(view.shows).first().waitFor();
    const isJudged = count === 12 || (count === 0 && EMPTY_VIEWS.includes(view.view));
    for (const colorScheme of THEMES) {
      await page.emulateMedia({ colorScheme });
      const judged = isJudged ? await findViolations(page) : [];
      expect({ colorScheme, judged }).toEqual({ colorScheme, judged: [] });
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        // Charts take their width one frame later.
        await until(() => overhang(page), { message: `overhang at ${width} px, ${colorScheme}` }).toBe(0);
      }
    }
    expect(complaints).toEqual([]);
  });
});
